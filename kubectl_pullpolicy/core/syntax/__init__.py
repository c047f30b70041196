"""YAML and JSON as Kubernetes reads them, with the position of every node in the text.

May import: errors.
"""
