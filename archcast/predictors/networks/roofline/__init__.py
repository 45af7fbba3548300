"""Predictors of networks by a roofline over their kernels; read `prices`, `learned`, `predictor`."""
