"""Constrained searches that measure what they propose."""
