"""Runs in MLflow: what is kept of them, how they are shown, and which is served."""
