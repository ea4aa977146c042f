"""The command line: the command ``detector``."""
