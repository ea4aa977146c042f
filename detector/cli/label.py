"""The command ``label``."""

EXAMPLES: dict[str, tuple[str, ...]] = {"label": ()}


def label() -> int:
    """To be written."""
    raise NotImplementedError
