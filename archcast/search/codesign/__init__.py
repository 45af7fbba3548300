"""A network and its accelerator, chosen together."""
