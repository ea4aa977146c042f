"""Kernels: the loops of a prediction, compiled by Numba."""
