"""The command ``restore``."""

from pathlib import Path
from typing import Annotated

from detector.cli.messages import log_as_json, print_message
from detector.cli.options import INPUT, OUTPUT, FormatOption, IdField, LogJson, Quiet, TextField
from detector.cli.parameters import Argument, Option
from detector.corpus.messages import Message

EXAMPLES = {
    "restore": (
        "detector restore clean.txt removed.jsonl -o article.txt",
        "detector restore clean/ removed.jsonl.gz -o original/",
    )
}


def restore(
    cleaned: Annotated[Path, Argument(metavar="CLEANED", help="A clean file, or a folder of results.")],
    removed: Annotated[Path, Argument(metavar="REMOVED", help="What was removed, as --removed wrote it.")],
    output: Annotated[
        Path,
        Option("-o", "--output", help="The file or folder for the originals.", show_default=False, panel=OUTPUT),
    ],
    rejected: Annotated[
        Path | None,
        Option(
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
    from detector.corpus.restore import restore_file, restore_folder
    from detector.errors import UsageError
    from detector.formats.base import Fields

    for path in (cleaned, removed, rejected):
        if path and not path.exists():
            raise UsageError(f"{path}: no such file or folder")
    if cleaned.is_dir():
        restored = restore_folder(cleaned, removed, rejected, output)
    else:
        name = format_name.value if format_name else None
        restored = restore_file(cleaned, removed, rejected, output, name, Fields(text_field or "text", id_field))
    if not quiet:
        print_message(
            f"restored: files {restored.files:,}, documents with removed text {restored.documents:,}, "
            f"rejected records {restored.rejected:,}"
        )
    for line in restored.failed:
        print_message(Message(f"failed: {line}", "failed", "error", {"reason": line}))
    return 1 if restored.failed else 0
