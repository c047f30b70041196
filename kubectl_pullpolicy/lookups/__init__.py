"""What a command asks of registries: pins, probes, the credentials of Pods.

May import: the API server, registries, printers, terminal, flags, core.
"""
