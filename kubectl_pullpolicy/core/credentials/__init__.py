"""Which credentials the kubelet offers for an image, and what is wrong with them.

May import: backoff, diagnosis, policy and below.
"""
