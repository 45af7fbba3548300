"""What is likely wrong with measurements: read `costs` for those of devices, `accuracies` for the others."""
