"""Architectures turned into codes, networks, features and DAG encodings."""
