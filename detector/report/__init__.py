"""Self-contained pages: what cleaning does to documents, and the figures of an evaluation."""
