"""The command ``label``."""

import os
import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

from detector.cli import runs
from detector.cli.messages import log_as_json, logs_json, print_message
from detector.cli.options import (
    INPUT,
    OUTPUT,
    RUN,
    AllFiles,
    EffortOption,
    FormatOption,
    IdField,
    LogJson,
    ModelOption,
    Paths,
    Quiet,
    TextField,
)
from detector.cli.parameters import Option
from detector.cli.serve import ADDRESS
from detector.corpus.messages import Message
from detector.errors import UsageError
from detector.util.libraries import load_library
from detector.util.threads import use_one_thread

if TYPE_CHECKING:
    from detector.cleaner import Cleaner
    from detector.corpus.plan import Plan
    from detector.formats.base import Fields
    from detector.labelling.labelling import Settings
    from detector.labelling.reading import Reading
    from detector.labelling.server import Address

EXAMPLES = {
    "label": (
        "detector label articles.jsonl -o labels.jsonl",
        "detector label pages/ -o labels.jsonl --annotator Ada --order plain",
    )
}
_MANY = 500  # documents whose order takes a while
_REACHABLE = (
    "detector: --host {host} lets other machines in: whoever has the page's address can read these documents and label "
    "them, and it travels without encryption"
)


class OrderName(StrEnum):
    """The choices of ``--order``."""

    TEACH = "teach"
    PLAIN = "plain"


def label(
    output: Annotated[
        str,
        Option(
            "-o",
            "--output",
            metavar="<path>",
            help="The file for the labels (.jsonl). The journal and the model that is trained get names beside it.",
            show_default=False,
            panel=OUTPUT,
        ),
    ],
    paths: Paths = None,
    all_files: AllFiles = False,
    format_name: FormatOption = None,
    text_field: TextField = None,
    id_field: IdField = "id",
    order: Annotated[
        OrderName,
        Option(
            help="The order of the documents: the most informative ones first (teach), or as in the inputs (plain).",
            panel=INPUT,
        ),
    ] = OrderName.TEACH,
    annotator: Annotated[
        str | None,
        Option(
            metavar="<name>",
            help="The name of the person who labels, which is recorded with each label (default: none).",
            show_default=False,
            panel=OUTPUT,
        ),
    ] = None,
    model: ModelOption = None,
    effort: EffortOption = None,
    host: Annotated[
        str, Option(help="The address to listen on. Another one than this lets other machines in.", panel=ADDRESS)
    ] = "127.0.0.1",
    port: Annotated[
        int, Option(min=0, max=65535, help="The port; 0: that of the last time, or one that is free.", panel=ADDRESS)
    ] = 0,
    allow_host: Annotated[
        list[str] | None,
        Option(
            metavar="<name>",
            help="With --host: a name by which browsers call this machine. Can be given several times.",
            show_default=False,
            panel=ADDRESS,
        ),
    ] = None,
    no_browser: Annotated[bool, Option("--no-browser", help="Open no browser.", panel=RUN)] = False,
    quiet: Quiet = False,
    log_json: LogJson = False,
) -> int:
    """Label paragraphs in the browser, and train the model on the labels.

    Serves a page on this machine alone, and prints its address. Every key is on the disk before the next; a later call
    with the same files goes on where this one stopped. Ctrl-C ends it.
    """
    log_as_json(log_json or not runs.is_terminal())
    use_one_thread()
    runs.check_model(model, effort)
    for library in ("fastapi", "uvicorn"):
        load_library(library, "the command label", "label")
    from detector.corpus.plan import plan_decisions
    from detector.labelling.places import places_of

    places = places_of(runs.place("--output", output))
    planned = plan_decisions(
        paths or [], runs.selection_of(all_files, format_name, text_field), places.outputs(), runs.files_of(model)
    )
    runs.require((task.type for task in planned.tasks), places.output)
    folder = runs.folder_of(model)
    places.check(folder)
    runs.begin_to_load(model)
    from detector.formats.base import Fields
    from detector.labelling.labelling import Settings
    from detector.labelling.server import Address
    from detector.loading import load

    cleaner = load(model, effort=effort)
    reading = _read(planned, cleaner, Fields(text_field or "text", id_field), quiet)
    settings = Settings(cleaner, folder, places, order.value, annotator or None)
    address = Address(host, port, frozenset(map(_host_name, allow_host or [])))
    all_read = reading.summary.ok and not planned.unreadable
    return max(_serve(reading, settings, address, no_browser), int(not all_read))


def _read(planned: "Plan", cleaner: "Cleaner", fields: "Fields", quiet: bool) -> "Reading":
    """The documents of all inputs."""
    from detector.corpus.one_file import Run
    from detector.corpus.options import Options
    from detector.labelling.reading import read_all

    for line in (*planned.unreadable, *planned.passed_over):
        print_message(Message(f"passed over: {line}", "passed over", fields={"reason": line}))
    reading = read_all(planned, Run(cleaner, fields), Options(quiet=quiet, terminal=runs.is_terminal()), print_message)
    if not quiet:
        print_message(Message(f"detector: {reading.line()}", "read", "info", reading.fields()))
    return reading


def _serve(reading: "Reading", settings: "Settings", address: "Address", no_browser: bool) -> int:
    """Serve the page until a signal says to stop, and write the labels. Returns the exit code."""
    from detector.labelling.labelling import Labelling
    from detector.labelling.server import serve

    if not address.is_loopback:
        print_message(_REACHABLE.format(host=address.host))
    if len(reading.documents) >= _MANY:
        line = f"detector: finding out how informative each of {len(reading.documents):,} documents is"
        print_message(Message(line, "order", "info"))
    labelling = Labelling(reading.documents, settings, print_message)
    if line := labelling.resumed():
        print_message(Message(f"detector: {line}", "resumed", "info", labelling.fields()))
    try:
        with address.listen(labelling.journal) as server:
            serve(labelling, server, address, print_message, lambda url: _ready(url, no_browser))
    finally:
        written = labelling.close()
    if written:
        print_message(Message(f"detector: {labelling.line()}", "ended", "info", labelling.fields()))
    return int(not written)


def _ready(url: str, no_browser: bool) -> None:
    """Print the page's address, and open it where there is a screen."""
    print_message(Message(f"detector: open {url} (Ctrl-C ends)", "listening", "info", {"address": url}))
    if no_browser or logs_json() or not _has_screen():
        return
    import threading
    import webbrowser

    threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()


def _has_screen() -> bool:
    return sys.platform in ("darwin", "win32") or any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))


def _host_name(name: str) -> str:
    from detector.service.hosts import host_name

    if "/" in name or not host_name(name):
        raise UsageError(f"--allow-host {name}: give a name without anything else, such as desk.example")
    return host_name(name)
