"""Reads manifests, saved output of kubectl get and recordings as a source, and writes files atomically.

May import: core and errors.
"""
