"""kubectl pullpolicy: why a container has the pull policy it has, and why its image cannot be pulled."""

__version__ = "0.1.0"
