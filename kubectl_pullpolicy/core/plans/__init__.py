"""What a write changes, what it restarts, who reverts it, and how to undo it.

May import: backoff, diagnosis, policy and below.
"""
