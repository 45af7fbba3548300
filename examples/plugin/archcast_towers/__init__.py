"""An example of what archcast takes from outside: a search space, a predictor family and a table."""
