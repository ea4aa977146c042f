"""Features: text becomes numbers, for training and for prediction alike."""
