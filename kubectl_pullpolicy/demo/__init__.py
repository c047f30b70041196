"""A recording of the real test cluster, made by `make record`."""
