"""Measurements brought in: public tables, one recipe a file."""
