"""Kubernetes objects: the fields that matter of each kind, and how kinds, targets and selectors are written.

May import: errors.
"""
