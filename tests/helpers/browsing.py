"""Pages in a real browser: Chromium, driven by playwright, which only `.ci/integrations` installs."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

_CHROMIUM = shutil.which("chromium")
_ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--no-first-run",
)  # fmt: skip
needs_chromium = pytest.mark.skipif(_CHROMIUM is None, reason="Chromium is missing; .ci/integrations runs this")


@contextmanager
def chromium() -> Iterator[Any]:
    """The browser."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_CHROMIUM, args=list(_ARGUMENTS))
        yield browser
        browser.close()


def watch(page: Any, address: str, *, expected: str | None = None, kinds: tuple[str, ...] = ("error",)) -> list[str]:
    """The faults of a page, which grow: what it asks of another address, errors in it, and messages of these ``kinds``.

    A message that contains what is ``expected`` is no fault.
    """
    faults: list[str] = []

    def said(message: Any) -> None:
        if message.type in kinds and (expected is None or expected not in message.text):
            faults.append(message.text)

    page.on("request", lambda asked: asked.url.startswith((address, "data:")) or faults.append(asked.url))
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", said)
    return faults
