"""All of it joined for one container, and what must be read for that.

May import: credentials, plans and below.
"""
