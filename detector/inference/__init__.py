"""Inference: a trained model, its parts, and its files."""
