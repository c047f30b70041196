"""What `set -f` and `pin -f` have in common: files read, changes made to their text, and what is done with it.

Without `--write` the changed text goes to standard output, so that both work as filters; `--diff` and `-o` show the
change instead. A file is replaced as a whole or not at all, and one file's error costs no other.
"""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from kubectl_pullpolicy.core.manifests.edits import ImageEdit, rewritten
from kubectl_pullpolicy.core.manifests.items import FileItem, Result, Spot, became
from kubectl_pullpolicy.core.manifests.manifest import Document
from kubectl_pullpolicy.errors import FileError, PullPolicyError, UsageError
from kubectl_pullpolicy.files.manifests import ManifestFile, read_manifests, replace_manifest
from kubectl_pullpolicy.flags.options import FileFlags, PlanOutputFlags, SelectionFlags, WriteFlags
from kubectl_pullpolicy.printers.escape import escaped_lines
from kubectl_pullpolicy.printers.plans.file_plan import (
    file_diff,
    print_file_changes,
    print_file_names,
    print_file_plan_json,
    print_file_plan_yaml,
)
from kubectl_pullpolicy.terminal import print_message

FORMATS = ("", "json", "yaml", "name")


@dataclass(frozen=True)
class FileRequest:
    """Which files, which container, and what to do with the outcome."""

    paths: tuple[str, ...]
    recursive: bool = False
    container: str = ""
    write: bool = False
    diff: bool = False
    output: str = ""

    def check(self) -> None:
        """Raises UsageError for flags that do not go together."""
        if self.output not in FORMATS:
            allowed = ", ".join(name for name in FORMATS if name)
            raise UsageError(
                f'unable to match a printer suitable for the output format "{self.output}", '
                f"allowed formats are: {allowed}"
            )
        if self.write and "-" in self.paths:
            raise UsageError("--write cannot be used with standard input: the outcome goes to standard output")


def file_request(
    targets: Sequence[str], selection: SelectionFlags, files: FileFlags, write: WriteFlags, output: PlanOutputFlags
) -> FileRequest:
    """What the flags say of files. Raises UsageError for those that choose objects of a cluster."""
    if targets:
        raise UsageError(f"{targets[0]} cannot be used with --filename: all objects of the files are meant")
    others = {
        "--selector": selection.selector,
        "--field-selector": selection.field_selector,
        "--all-namespaces": selection.all_namespaces,
        "--all": write.everything,
        "--dry-run": write.dry_run != "none",
    }
    for flag, given in others.items():
        if given:
            raise UsageError(f"{flag} cannot be used with --filename: files are changed only by --write")
    paths = tuple(selection.filename or ())
    return FileRequest(paths, selection.recursive, selection.container, files.write, write.diff, output.output)


@dataclass
class Run:
    """What was read and what became of it: the items in their order, and the errors."""

    request: FileRequest
    files: list[ManifestFile] = field(default_factory=list)
    items: list[FileItem] = field(default_factory=list)
    errors: list[PullPolicyError] = field(default_factory=list)

    def sort(self) -> None:
        """The items in the order of the files."""
        order = {file.name: number for number, file in enumerate(self.files)}
        self.items.sort(key=lambda item: (order.get(item.file, len(order)), item.line))

    def spots(self) -> Iterator[tuple[ManifestFile, Document, Spot]]:
        """The images that were meant: not those that a comment or `-c` leaves out."""
        for file in self.files:
            for document in file.manifest.documents:
                for place in document.places:
                    meant = not self.request.container or place.container == self.request.container
                    if meant and not document.ignores(place):
                        yield file, document, Spot(file.name, document.line(place), place)


@dataclass(frozen=True)
class Intended:
    """A change of one image: what the document editor is to do, and the items that tell of it once it is done."""

    file: ManifestFile
    wanted: ImageEdit
    items: tuple[FileItem, ...]


def read(request: FileRequest) -> Run:
    """The files. Raises UsageError; what cannot be read is among the errors."""
    request.check()
    run = Run(request)
    for found in read_manifests(request.paths, recursive=request.recursive, stdin=sys.stdin.buffer):
        if isinstance(found, FileError):
            run.errors.append(found)
        else:
            run.files.append(found)
            run.errors += found.errors
    return run


def carry_out(run: Run, intended: Sequence[Intended]) -> None:
    """Makes the changes, file by file, and shows them or writes them."""
    by_file: dict[int, list[Intended]] = {}
    for each in intended:
        by_file.setdefault(id(each.file), []).append(each)
    texts: list[str] = []
    for file in run.files:
        text = _changed(run, file, by_file.get(id(file), []))
        texts.append(text)
        if run.request.diff:
            _show_diff(file, text)
    run.sort()
    if run.request.write or run.request.diff or run.request.output:
        show(run)
    else:
        _print_texts(texts)
    for error in run.errors:
        print_message(str(error))


def _changed(run: Run, file: ManifestFile, intended: Sequence[Intended]) -> str:
    """The text of a file after its changes, written if that was asked for."""
    outcome = rewritten(file.manifest, [each.wanted for each in intended])
    refused = {id(each.wanted): each.reason for each in outcome.refused}
    made = [each for each in intended if id(each.wanted) not in refused]
    for each in intended:
        reason = refused.get(id(each.wanted))
        if reason is not None:
            run.items += [became(item, "failed", reason) for item in each.items]
            run.errors.append(refusal(each.items[0], reason))
    result: Result = "planned"
    if run.request.write and outcome.text != file.manifest.text:
        try:
            replace_manifest(file, outcome.text)
            result = "changed"
        except FileError as error:
            run.errors.append(error)
            run.items += [became(item, "failed", str(error)) for each in made for item in each.items]
            return file.manifest.text
    run.items += [became(item, result) for each in made for item in each.items]
    return outcome.text


def refusal(item: FileItem, reason: str) -> PullPolicyError:
    """An image that stays as it is, and why, as an error that names its place."""
    container = f" container {item.container}:" if item.container else ""
    return PullPolicyError(
        f"error: {item.file}:{item.line}: {item.target}:{container} {item.old or item.path}: {reason}"
    )


def _show_diff(file: ManifestFile, text: str) -> None:
    shown = file_diff(file.name, file.manifest.text, text)
    sys.stdout.write(shown if not sys.stdout.isatty() else "".join(f"{line}\n" for line in escaped_lines(shown)))


def show(run: Run) -> None:
    """The items in the form that was asked for."""
    form = run.request.output
    if form == "json":
        print_file_plan_json(run.items, sys.stdout)
    elif form == "yaml":
        print_file_plan_yaml(run.items, sys.stdout)
    elif form == "name":
        print_file_names(run.items, sys.stdout)
    elif not run.request.diff:
        print_file_changes(run.items, sys.stdout)
    sys.stdout.flush()


def _print_texts(texts: Sequence[str]) -> None:
    """The texts byte by byte, but for what would steer a terminal; several become one stream of documents."""
    sys.stdout.flush()
    if sys.stdout.isatty():
        texts = ["\n".join(escaped_lines(text)) for text in texts]
    out = sys.stdout.buffer
    before = ""
    for text in texts:
        if before and not text.removeprefix("\ufeff").startswith("---"):
            out.write(b"---\n" if before.endswith("\n") else b"\n---\n")
        elif before and not before.endswith("\n"):
            out.write(b"\n")
        out.write(text.encode())
        before = text or before
    out.flush()
