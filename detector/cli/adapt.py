"""The command ``adapt``."""

EXAMPLES: dict[str, tuple[str, ...]] = {"adapt": ()}


def adapt() -> int:
    """To be written."""
    raise NotImplementedError
