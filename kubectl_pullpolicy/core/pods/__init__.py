"""The state of each container, what else keeps it from running, what its node has.

May import: source, report, manifests and below.
"""
