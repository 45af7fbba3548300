"""The most accurate architecture by training as few as possible."""
