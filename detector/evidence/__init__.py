"""What a user knows beside the text, as evidence for the model: phrases, and how often paragraphs repeat."""
