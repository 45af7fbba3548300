"""Answers: which predictors there are and what they say."""
