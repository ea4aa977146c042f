"""Whether two paths lead to the same file: through links, hard links, other spellings, and before the file exists."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TypeAlias

Identity: TypeAlias = tuple[int | str, ...]


def identity(path: Path) -> Identity | None:
    """What all names of an existing file or folder have in common, hard links too; None if there is no such file."""
    try:
        found = path.stat()
    except OSError:
        return None
    if found.st_ino:
        return found.st_dev, found.st_ino
    return (os.path.normcase(os.path.realpath(path)),)  # a file system without file numbers


class Places:
    """Finds the place of a file: the identity of its folder, and its name. Folders are looked up once."""

    def __init__(self) -> None:
        self._folders: dict[Path, tuple[Identity, bool]] = {}

    def of(self, path: Path) -> Identity:
        """The place that a path leads to, through symbolic links; the file need not exist, nor its folder."""
        if path.is_symlink() or path.name in ("", ".."):
            path = Path(os.path.realpath(path))
        place, folds = self._folder(path.parent)
        return (*place, _folded(path.name) if folds else path.name)

    def _folder(self, path: Path) -> tuple[Identity, bool]:
        """The identity of a folder, for a missing one with the names below an existing one; and `_folds_case`."""
        if path not in self._folders:
            folder = Path(os.path.realpath(path))
            found = identity(folder)
            if found is not None:
                self._folders[path] = found, _folds_case(folder)
            elif folder == folder.parent:
                self._folders[path] = (str(folder),), False
            else:
                above, folds = self._folder(folder.parent)
                self._folders[path] = (*above, _folded(folder.name) if folds else folder.name), folds
        return self._folders[path]


def _folded(name: str) -> str:
    """A name as file systems compare it that ignore case and the composition of characters."""
    import unicodedata

    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def _folds_case(folder: Path) -> bool:
    """Whether names in a folder that differ only in case are one name, as far as a file that exists there can tell."""
    try:
        with os.scandir(folder) as entries:
            name = next((entry.name for entry in entries if entry.name.swapcase() != entry.name), None)
    except OSError:
        return False
    if name is None:
        return folder != folder.parent and _folds_case(folder.parent)
    found = identity(folder / name)
    return found is not None and found == identity(folder / name.swapcase())
