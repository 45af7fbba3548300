"""Measuring networks on a machine: the runner, the channel to it, the timing protocol."""
