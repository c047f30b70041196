"""What set, pin and retry share: selecting objects, checks before a write, applying a plan, writing files.

May import: the API server, files, printers, terminal, flags, core.
"""
