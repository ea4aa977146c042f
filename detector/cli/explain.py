"""The command ``explain``."""

EXAMPLES: dict[str, tuple[str, ...]] = {"explain": ()}


def explain() -> int:
    """To be written."""
    raise NotImplementedError
