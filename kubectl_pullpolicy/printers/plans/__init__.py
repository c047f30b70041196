"""What set, pin and retry would do, and what came of it, as text.

May import: the other printers, flags, core.
"""
