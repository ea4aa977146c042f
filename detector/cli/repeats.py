"""The commands ``repeats learn``, ``repeats merge``, ``repeats show``."""

EXAMPLES: dict[str, tuple[str, ...]] = {"repeats learn": (), "repeats merge": (), "repeats show": ()}


def learn() -> int:
    """To be written."""
    raise NotImplementedError


def merge() -> int:
    """To be written."""
    raise NotImplementedError


def show() -> int:
    """To be written."""
    raise NotImplementedError
