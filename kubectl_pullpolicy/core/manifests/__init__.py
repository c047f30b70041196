"""Where images are in documents, and edits that keep every other byte.

May import: k8s, images, syntax.
"""
