"""The command ``report``."""

EXAMPLES: dict[str, tuple[str, ...]] = {"report": ()}


def report() -> int:
    """To be written."""
    raise NotImplementedError
