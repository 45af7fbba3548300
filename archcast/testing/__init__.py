"""Conformance checks that any space or predictor must pass."""
