"""Makes the recordings: the demo of the package and the fixtures of the unit tests, from the real test cluster."""
