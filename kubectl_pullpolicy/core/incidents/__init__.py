"""What fails in a cluster, in groups.

May import: everything else in core.
"""
