"""A saved predictor: its folder, its card, its arrays, and what it needs."""
