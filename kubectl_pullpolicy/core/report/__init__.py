"""The answers as values: explanations, their evidence, pull failures, probes, incidents.

May import: k8s, images, syntax.
"""
