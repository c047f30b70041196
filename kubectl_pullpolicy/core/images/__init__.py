"""Image references as OCI knows them, and what a registry answered about one.

May import: errors.
"""
