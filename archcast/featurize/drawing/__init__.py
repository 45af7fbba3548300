"""A drawing of a network that a person can read: kernels as boxes, repeated blocks drawn once."""
