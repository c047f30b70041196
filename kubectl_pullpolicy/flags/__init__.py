"""kubectl's flags as frozen dataclasses, their checks, and the examples of --help.

May import: core and errors.
"""
