"""What can be read for a question, and what is known once it was read.

May import: k8s, images, syntax.
"""
