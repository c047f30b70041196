"""Values to text. Printers read nothing and decide nothing; they write to the stream that they are given.

May import: core and errors.
"""
