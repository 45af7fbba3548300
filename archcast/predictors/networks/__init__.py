"""Predictors of networks of any form: they see kernels, never a space's decisions."""
