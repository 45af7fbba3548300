"""Architectures turned into codes, layer graphs, features and DAG encodings."""
