"""Write values as text to a stream. Printers read nothing and decide nothing.

May import: core and errors.
"""
