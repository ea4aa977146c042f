"""A page to label documents on, which teaches the model."""
