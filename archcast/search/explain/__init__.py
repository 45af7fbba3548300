"""What each decision adds to a prediction."""
