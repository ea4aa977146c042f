"""Hooks of MkDocs: what the site shows of the code and of files outside ``docs`` is read when the site is built.

A line of a page that is only a link to a file outside ``docs`` is replaced by that file: a Markdown file without
its title, or a Python file as a code block. ``<!-- commands -->`` is replaced by the options of every command.
"""

from __future__ import annotations

import html
import os
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # the tests use this module where MkDocs is not installed
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parent.parent
COMMANDS = "<!-- commands -->"
PAGES = {  # files outside docs, and the pages that show them
    "README.md": "index.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "models/default/README.md": "model-card.md",
    "models/accurate/README.md": "model-card.md",
    "training/RESULTS.md": "figures.md",
}
_INCLUDE = re.compile(r"^\[[^\]]+\]\(\.\./([\w./-]+\.(?:md|py))\)$", re.MULTILINE)
_LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s]+)\)")
_MARKUP = re.compile(r"\[/?(?:bold|italic|dim)\]")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pictures of the included files to the site."""
    from mkdocs.structure.files import File

    for source in PAGES:
        for picture in pictures(source):
            files.append(File.generated(config, picture, abs_src_path=str(ROOT / picture)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Replace the placeholders of a page."""
    return expanded(markdown, config.repo_url)


def expanded(markdown: str, repository: str | None = None) -> str:
    """A page with its placeholders replaced by files and commands."""
    markdown = _INCLUDE.sub(lambda found: included(found[1], repository), markdown)
    return markdown.replace(COMMANDS, commands()) if COMMANDS in markdown else markdown


def included(source: str, repository: str | None = None) -> str:
    """A file outside ``docs``, given by its path in the repository, as Markdown for a page of the site."""
    text = (ROOT / source).read_text("utf-8")
    if source.endswith(".py"):
        return f'```python title="{source}"\n{text}```'
    text = re.sub(r"\A# .*\n+", "", text)
    return _LINK.sub(lambda found: _link(found, source, repository), text).strip("\n")


def pictures(source: str) -> Iterator[str]:
    """The pictures that a file outside ``docs`` shows, as paths in the repository."""
    for shown, _, target in _LINK.findall((ROOT / source).read_text("utf-8")):
        if shown and "://" not in target:
            yield _in_repository(target, source)


def _link(found: re.Match[str], source: str, repository: str | None) -> str:
    """A link of an included file as a link of the site, else of the repository, else its text alone."""
    shown, text, target = found.groups()
    if "://" in target or target.startswith(("#", "mailto:")):
        return found[0]
    path, _, anchor = target.partition("#")
    path = _in_repository(path, source)
    if shown:
        return f"![{text}]({path})"
    page = PAGES.get(path) or (path.removeprefix("docs/") if path.startswith("docs/") else None)
    if page:
        return f"[{text}]({page}{'#' if anchor else ''}{anchor})"
    return f"[{text}]({repository.rstrip('/')}/blob/main/{path})" if repository else text


def _in_repository(target: str, source: str) -> str:
    return PurePosixPath(os.path.normpath(PurePosixPath(source).parent / target)).as_posix()


def commands() -> str:
    """The options of every command, from the program itself."""
    from typer import Context
    from typer.main import get_command

    from detector.cli.main import app

    program: Any = get_command(app)
    context: Any = Context(program, info_name="detector", **(app.info.context_settings or {}))
    parts = ["## detector", program.help, *_panels(program, context)]
    for name, command in program.commands.items():
        parts += _command(name, command, context)
    return "\n\n".join(parts)


def _command(name: str, command: Any, context: Any) -> Iterator[str]:  # noqa: ANN401 - Typer hides the classes
    """A section for a command, or one for each command of a group."""
    from typer import Context

    inner: Any = Context(command, parent=context, info_name=name)
    if hasattr(command, "commands"):
        for last, each in command.commands.items():
            yield from _command(f"{name} {last}", each, inner)
    else:
        yield from (f"## detector {name}", command.help, *_panels(command, inner), *_epilog(command.epilog or ""))


def _panels(command: Any, context: Any) -> Iterator[str]:  # noqa: ANN401 - Typer hides the classes
    """A table for each panel of the help: its options, and what they do."""
    panels = defaultdict(list)
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context)
        if record is not None:
            argument = parameter.param_type_name == "argument"
            panel = parameter.rich_help_panel or ("Arguments" if argument else "Options")
            name = (parameter.metavar or parameter.name.upper()) if argument else record[0]
            panels[panel].append(f"| {_code(name)} | {_text(record[1])} |")
    options = panels.pop("Options", [])  # last, for most commands have no more than --help there
    for panel, rows in (*panels.items(), ("Options", options)):
        if rows:
            yield "\n".join([f"| {panel} | |", "|---|---|", *rows])


def _code(name: str) -> str:
    """Code that may hold the character that separates the columns of a table."""
    return f"<code>{html.escape(name).replace('|', '&#124;')}</code>"


def _text(help_text: str) -> str:
    """A help text without the markup of Rich, in one line, with options as code."""
    plain = " ".join(_MARKUP.sub("", help_text).split()).replace("|", "&#124;")
    return re.sub(r"(?<![\w-])--?[a-z][a-z-]*", lambda found: f"`{found[0]}`", plain)


def _epilog(epilog: str) -> Iterator[str]:
    """The examples of a command as a code block, and its exit codes."""
    lines = [_MARKUP.sub("", line).rstrip() for line in epilog.split("\n\n")]
    examples = [line.strip() for line in lines if line.startswith("  ")]
    if examples:
        yield "\n".join(["```console", *examples, "```"])
    for line in lines:
        if line.startswith("Exit codes"):
            yield f"Exit codes: {line.removeprefix('Exit codes').strip()}."
