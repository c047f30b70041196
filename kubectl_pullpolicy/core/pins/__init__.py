"""What an image that is to be pinned becomes, in workloads and in files.

May import: credentials, plans and below.
"""
