"""The configuration of the shipped model, and its benchmarks; not installed with the package."""
