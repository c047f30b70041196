"""When a pull last failed, when the kubelet tries next, and what makes it retry now.

May import: pods and below.
"""
