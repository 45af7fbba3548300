"""Archcast: what an architecture nobody has measured will cost, and what it will reach."""
