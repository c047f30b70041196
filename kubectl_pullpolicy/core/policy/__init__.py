"""The effective pull policy of a container, and who wrote it.

May import: pods and below.
"""
