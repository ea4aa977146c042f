"""The config of the shipped model, and how it is measured; not installed with the package."""
