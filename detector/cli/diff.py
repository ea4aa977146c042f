"""The command ``diff``."""

EXAMPLES: dict[str, tuple[str, ...]] = {"diff": ()}


def diff() -> int:
    """To be written."""
    raise NotImplementedError
