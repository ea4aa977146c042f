"""The command ``restore``."""

from typing import Annotated

from detector.cli.messages import log_as_json, print_message
from detector.cli.options import INPUT, OUTPUT, FormatOption, IdField, LogJson, Quiet, TextField
from detector.cli.parameters import Argument, Option
from detector.corpus.messages import Message
from detector.errors import UsageError
from detector.util.urls import Place, place_of

EXAMPLES = {
    "restore": (
        "detector restore clean.txt removed.jsonl -o article.txt",
        "detector restore clean/ removed.jsonl.gz -o original/",
    )
}


def restore(
    cleaned: Annotated[str, Argument(metavar="CLEANED", help="A clean file, or a folder of results.")],
    removed: Annotated[str, Argument(metavar="REMOVED", help="What was removed, as --removed wrote it.")],
    output: Annotated[
        str,
        Option(
            "-o",
            "--output",
            metavar="<path>",
            help="The file or folder for the originals.",
            show_default=False,
            panel=OUTPUT,
        ),
    ],
    rejected: Annotated[
        str | None,
        Option(
            metavar="<path>",
            help="Records that were rejected, as --rejected wrote them (default: those in a folder of results).",
            show_default=False,
            panel=INPUT,
        ),
    ] = None,
    format_name: FormatOption = None,
    text_field: TextField = None,
    id_field: IdField = "id",
    quiet: Quiet = False,
    log_json: LogJson = False,
) -> int:
    """Put back what clean removed: the originals, byte for byte, from clean files and the file that --removed wrote.

    Compressed files come out with the same content. Of Parquet files, all values come out the same.
    """
    log_as_json(log_json)
    from detector.corpus.inputs import is_folder
    from detector.corpus.restore import restore_file, restore_folder
    from detector.corpus.sidecar_lines import found
    from detector.formats.base import Fields

    cleaned_place, removed_place, target = (
        _place("CLEANED", cleaned), _place("REMOVED", removed), _place("--output", output)
    )  # fmt: skip
    rejected_place = _place("--rejected", rejected) if rejected is not None else None
    for place in (cleaned_place, removed_place, rejected_place):
        if place and not found(place):
            raise UsageError(f"{place}: no such file or folder")
    if is_folder(cleaned):
        restored = restore_folder(cleaned_place, removed_place, rejected_place, target)
    else:
        name = format_name.value if format_name else None
        fields = Fields(text_field or "text", id_field)
        restored = restore_file(cleaned_place, removed_place, rejected_place, target, name, fields)
    if not quiet:
        print_message(
            f"restored: files {restored.files:,}, documents with removed text {restored.documents:,}, "
            f"rejected records {restored.rejected:,}"
        )
    for line in restored.failed:
        print_message(Message(f"failed: {line}", "failed", "error", {"reason": line}))
    return 1 if restored.failed else 0


def _place(name: str, path: str) -> Place:
    """The place that an argument names: a local path, or a URL."""
    if not path:
        raise UsageError(f"{name}: an empty path; name a file or a folder")
    return place_of(path)
