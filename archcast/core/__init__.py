"""The vocabulary: errors, settings, metrics, devices, measurements, operators and layers."""
