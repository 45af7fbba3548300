"""Whether a predictor is still right: read `figures`, `verdict`, `check`."""
