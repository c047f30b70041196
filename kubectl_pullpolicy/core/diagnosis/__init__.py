"""Why a pull fails, who can fix it, and how.

May import: pods and below.
"""
