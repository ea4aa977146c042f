"""Labelled documents, and the quality of predictions on them."""
