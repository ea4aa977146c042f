"""Training: labelled documents to a model."""
