"""Backends: what computes the arrays of a prediction, NumPy or compiled kernels."""
