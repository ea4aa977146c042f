"""Small pieces that every layer uses."""
