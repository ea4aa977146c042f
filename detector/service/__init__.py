"""The cleaner over HTTP."""
