"""A new device from a few measured networks; read `sources`, `posterior`, `predictor`, `references`."""
