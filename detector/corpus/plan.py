"""The tasks of a command: which inputs it reads, and where their results go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from detector.corpus.inputs import DEFAULT_SELECTION, STDIN, Input, Inputs, Selection, find, is_folder, is_pattern
from detector.corpus.outputs import Output, check_folders, check_outputs
from detector.corpus.pages import extracted_files, without_pages
from detector.corpus.walk import MANIFEST_FILE, ORIGINAL_SUFFIX, REJECTED_FILE, SUMMARY_FILE
from detector.errors import UsageError
from detector.formats.compression import compression_of
from detector.formats.registry import FileType, file_type, format_by_extension, load_format, result_format
from detector.util.urls import Place, hidden, is_url, local, named

__all__ = [
    "MANIFEST_FILE", "ORIGINAL_SUFFIX", "REJECTED_FILE", "SUMMARY_FILE",
    "Plan", "Task", "original_of", "plan", "plan_decisions",
]  # fmt: skip

_NO_FILES: Mapping[str, Place | None] = {}


class Task(NamedTuple):
    """One input, and the file for its result.

    ``source`` is None for standard input, ``target`` for standard output. ``file`` names the input in all files that
    are written beside the results. ``type`` is the type of the source. The result has the same format, and the
    compression ``compression``, an extension (``.gz``) or empty. With ``keep_original``, the target is replaced in
    place: the source is the target itself, kept under its name with `ORIGINAL_SUFFIX`, or the original that an earlier
    run has kept there. ``forced`` tells that the user named the format: the content of the file is not compared with
    it. ``shown`` is what messages call the source, if that is not its path. ``extracted`` is the file for the texts of
    HTML pages before they are cleaned, if they are wanted. With ``again``, an earlier result is made again for what was
    removed from it: the task fails if another one comes out.
    """

    source: Place | None
    target: Place | None
    file: str
    type: FileType
    compression: str = ""
    keep_original: bool = False
    forced: bool = False
    shown: str = ""
    extracted: Path | None = None
    again: bool = False

    @property
    def local_source(self) -> Path | None:
        """The source, which is no URL: before a task runs, `detector.corpus.staging` gets a local file for that."""
        return local(self.source)

    @property
    def local_target(self) -> Path | None:
        """The target, which is no URL, likewise."""
        return local(self.target)

    @property
    def target_type(self) -> FileType:
        """The type of the result: the format of the source, for HTML that of text, with a compression of its own."""
        return FileType(result_format(self.type.format_name), self.compression)

    @property
    def name(self) -> str:
        """The input's path, or ``-`` for standard input, for ids and messages; in place, that of the result."""
        if self.keep_original:
            return self.file
        return self.shown or (str(self.source) if self.source else STDIN)


@dataclass(frozen=True, slots=True)
class Plan:
    """The tasks of a command. ``folder`` is the output folder of all results; None if each has a path of its own.

    ``passed_over`` has one line for each file or folder that was found and is not read, with the reason, ``unreadable``
    one for each folder whose files could not be found. ``present`` are the files in an output folder that is no local
    one, by their relative paths.
    """

    tasks: tuple[Task, ...]
    folder: Place | None = None
    passed_over: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()
    present: frozenset[str] | None = None


def plan(
    paths: Sequence[str],
    output: Place | None,
    in_place: bool = False,
    selection: Selection = DEFAULT_SELECTION,
    into_folder: bool = False,
    force: bool = False,
    beside: Mapping[str, Place | None] = _NO_FILES,
    also_read: Sequence[Path] = (),
    extracted: Path | None = None,
) -> Plan:
    """Make a task for each input of `find`.

    The result of a single file, or of standard input, is written to the file ``output``, or into it if it is a folder
    or ``into_folder`` says that it is to be one.
    The results of several files are written to the folder ``output``, at their relative paths. With ``in_place``, each
    result takes the place of its source; with ``force``, that of the original if an earlier run kept one. ``beside``
    are the other files that the command writes, by the name of their option; ``also_read`` those that it reads besides
    its inputs; ``extracted`` is the file or folder for the texts of pages before they are cleaned.

    Raises `UsageError` if a path does not exist, an output would replace what is read without ``in_place``, two outputs
    are the same file, an output would be an input of the next run, or a result has the extension of another format.
    """
    if in_place:
        return _plan_in_place(paths, output, selection, force, beside, also_read)
    several = _may_be_several(paths)
    inputs = find(paths, selection, output if several else None)
    tasks = _tasks(inputs, output, selection, several, into_folder)
    folder = output if several else None
    if extracted:
        files = extracted_files(inputs.found, extracted, several)
        tasks = tuple(task._replace(extracted=file) for task, file in zip(tasks, files, strict=True))
    texts = [Output(str(task.extracted), task.extracted, task.name) for task in tasks if task.extracted]
    outputs = [*_results(tasks), *texts, *_reports(folder, beside), *_named(beside)]
    _check_files(inputs, also_read, outputs, selection, folder)
    return Plan(tasks, folder, inputs.passed_over, inputs.unreadable)


def plan_decisions(
    paths: Sequence[str],
    selection: Selection = DEFAULT_SELECTION,
    files: Mapping[str, Place | None] = _NO_FILES,
    also_read: Sequence[Path] = (),
) -> Plan:
    """Make a task without a target for each input of `find`: only decisions are wanted.

    ``files`` are the files that the command writes, by the name of their option, without ``--output`` standard output;
    ``also_read`` are those that it reads besides its inputs. Raises `UsageError` as `plan` does.
    """
    inputs = find(paths, selection)
    outputs = [*_named(files)] if files.get("--output") else [Output("standard output", None), *_named(files)]
    _check_files(inputs, also_read, outputs, selection)
    tasks = tuple(_task(each, None, each.file, selection) for each in inputs.found)
    return Plan(tasks, None, inputs.passed_over, inputs.unreadable)


def original_of(path: Path) -> Path:
    """The name under which the original of a file is kept that is replaced in place."""
    return path.with_name(path.name + ORIGINAL_SUFFIX)


def _tasks(
    inputs: Inputs, output: Place | None, selection: Selection, several: bool, into_folder: bool
) -> tuple[Task, ...]:
    found = inputs.found
    if output is None:
        if several:
            raise UsageError(f"{len(found)} inputs need --output FOLDER or --in-place")
        return (_task(found[0], None, found[0].file, selection),)
    if several:
        if _is_file(output):
            raise UsageError(f"{output}: not a folder; {len(found)} inputs need one: choose another --output")
        return tuple(_task(each, output / each.relative, each.relative.as_posix(), selection) for each in found)
    target = output / found[0].relative if into_folder or _is_folder(output) else output
    _check_extension(found[0], target)
    return (_task(found[0], target, found[0].file, selection),)


def _task(given: Input, target: Place | None, file: str, selection: Selection) -> Task:
    compression = file_type(named(target), given.type.format_name).compression if target else ""
    return Task(given.source, target, file, given.type, compression, forced=selection.format_name is not None)


def _is_folder(place: Place) -> bool:
    if isinstance(place, Path):
        return place.is_dir()
    from detector.corpus.remote_walk import is_remote_folder

    return is_remote_folder(place)


def _is_file(place: Place) -> bool:
    """Whether there is something that is no folder."""
    if isinstance(place, Path):
        return place.exists() and not place.is_dir()
    from detector.corpus.remote_walk import is_remote_file

    return is_remote_file(place)


def _may_be_several(paths: Sequence[str]) -> bool:
    return len(paths) > 1 or any(path != STDIN and (is_pattern(path) or is_folder(path)) for path in paths)


def _plan_in_place(
    paths: Sequence[str],
    output: Place | None,
    selection: Selection,
    force: bool,
    beside: Mapping[str, Place | None],
    also_read: Sequence[Path],
) -> Plan:
    """One task for each file, under whatever names it was found. Links that are named are followed, others are not."""
    if output is not None:
        raise UsageError("--in-place and --output exclude each other: use one of them")
    if not paths or STDIN in paths:
        raise UsageError("--in-place needs files, not standard input (-)")
    if urls := [hidden(path) for path in paths if is_url(path)]:
        raise UsageError(f"{urls[0]}: --in-place replaces local files only; name an --output for what comes from a URL")
    inputs = without_pages(find(paths, selection, follow_links=False), paths)
    distinct = {each.source.resolve(): each for each in inputs.found if isinstance(each.source, Path)}
    for target, each in distinct.items():
        if not target.is_file():
            raise UsageError(f"{each.file}: is not a regular file, and cannot be replaced in place; leave it out")
        if target.name.endswith(ORIGINAL_SUFFIX):
            raise UsageError(f"{each.file}: is an original that --in-place keeps; rename it to replace it")
    tasks = tuple(_task_in_place(each, target, selection, force) for target, each in distinct.items())
    _check_in_place(inputs, also_read, tasks, beside, selection)
    return Plan(tasks, None, inputs.passed_over, inputs.unreadable)


def _task_in_place(given: Input, target: Path, selection: Selection, force: bool) -> Task:
    original = original_of(target)
    redone = force and original.exists() and not original.samefile(target)
    source = original if redone else given.source
    forced = selection.format_name is not None
    compression = file_type(target, given.type.format_name).compression
    return Task(source, target, given.file, given.type, compression, keep_original=True, forced=forced)


def _check_in_place(
    inputs: Inputs,
    also_read: Sequence[Path],
    tasks: Sequence[Task],
    beside: Mapping[str, Place | None],
    selection: Selection,
) -> None:
    """Raise `UsageError` if another output would replace an input or its original, or an original would an input."""
    files: list[Place | None] = [*also_read]
    outputs = []
    for target in (task.local_target for task in tasks):
        if target is None:
            continue
        original = original_of(target)
        files.append(target)
        if original.exists():
            files.append(original)
        else:
            outputs.append(Output(str(original), original, str(target)))
    named = _named(beside)
    check_outputs(files, [*outputs, *named])
    check_folders(inputs, named, selection.all_files)


def _check_files(
    inputs: Inputs,
    also_read: Sequence[Path],
    outputs: Sequence[Output],
    selection: Selection,
    folder: Place | None = None,
) -> None:
    check_outputs([*(each.source for each in inputs.found), *also_read], outputs)
    check_folders(inputs, [each for each in outputs if not each.source], selection.all_files, folder)


def _results(tasks: Sequence[Task]) -> list[Output]:
    return [
        Output("standard output", None) if task.target is None else Output(str(task.target), task.target, task.name)
        for task in tasks
    ]


def _reports(folder: Place | None, beside: Mapping[str, Place | None]) -> list[Output]:
    """The files about all results that a run writes into its output folder."""
    if folder is None:
        return []
    names = [MANIFEST_FILE, SUMMARY_FILE, *([] if beside.get("--rejected") else [REJECTED_FILE])]
    return [Output(str(folder / name), folder / name) for name in names]


def _named(files: Mapping[str, Place | None]) -> list[Output]:
    return [Output(f"{option} {path}", path) for option, path in files.items() if path is not None]


def _check_extension(given: Input, target: Place) -> None:
    """Raise `UsageError` if a target's extension contradicts what is written to it: the format of the input."""
    name = result_format(given.type.format_name)
    by_extension = format_by_extension(named(target))
    if by_extension not in (None, name):
        raise UsageError(
            f"{target}: has the extension of {by_extension}, but the input is {given.type.format_name} and the output "
            + ("keeps its format" if name == given.type.format_name else f"is {name}")
            + "; choose another --output, or name the input's --format"
        )
    if name == "parquet" and (compression := compression_of(named(target))):
        raise UsageError(f"{target}: Parquet files are compressed inside; leave out {compression}")
    own = load_format(name).own_compressions
    source = named(given.source) if given.source else None
    if (compression_of(source) in own) != (compression_of(named(target)) in own):
        raise UsageError(f"{target}: {name} is written with the compression of the input; keep the input's extension")
