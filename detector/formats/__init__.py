"""File formats: how records are read from files and written to them."""
