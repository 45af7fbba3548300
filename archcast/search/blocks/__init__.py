"""Which block costs what in which place, and smaller spaces made of that."""
