"""Text: classes of characters, and paragraphs."""
