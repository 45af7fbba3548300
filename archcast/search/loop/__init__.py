"""Searches over predictions under limits."""
