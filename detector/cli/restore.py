"""The command ``restore``."""

from typing import TYPE_CHECKING, Annotated, Any

from detector.cli.messages import log_as_json, print_message, print_summary
from detector.cli.options import INPUT, OUTPUT, FormatOption, IdField, LogJson, Quiet, TextField
from detector.cli.parameters import Argument, Option
from detector.cli.runs import given_place, names_folder, place
from detector.corpus.messages import Message
from detector.errors import UsageError
from detector.util.urls import named

if TYPE_CHECKING:
    from detector.corpus.restore import Restored

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
    from detector.corpus.restore import Given, restore_file, restore_folder
    from detector.corpus.sidecar_lines import found
    from detector.formats.base import DEFAULT_FIELDS, Fields

    cleaned_place, removed_place, target = (
        given_place("CLEANED", cleaned, may_be_folder=True), given_place("REMOVED", removed),
        given_place("--output", output, may_be_folder=True),
    )  # fmt: skip
    rejected_place = place("--rejected", rejected)
    for read in (cleaned_place, removed_place, rejected_place):
        if read and not found(read):
            raise UsageError(f"{read}: no such file or folder")
    name = format_name.value if format_name else None
    if is_folder(cleaned):
        given = Given(name, text_field, id_field if id_field != DEFAULT_FIELDS.id else None)
        restored = restore_folder(cleaned_place, removed_place, rejected_place, target, given)
    else:
        fields = Fields(text_field or DEFAULT_FIELDS.text, id_field)
        if names_folder(output) or is_folder(output):
            target = target / named(cleaned_place).name
        restored = restore_file(cleaned_place, removed_place, rejected_place, target, name, fields)
    for line in restored.failed:
        print_message(Message(f"failed: {line}", "failed", "error", {"reason": line}))
    if not quiet:
        line = (
            f"restored: files {restored.files:,}, documents with removed text {restored.documents:,}, "
            f"rejected records {restored.rejected:,}"
        )
        print_summary([line], _values(restored))
    return 1 if restored.failed else 0


def _values(restored: "Restored") -> dict[str, Any]:
    """The summary as JSON values."""
    return {
        "files": restored.files, "documents": restored.documents, "rejected": restored.rejected,
        "failed": restored.failed,
    }  # fmt: skip
