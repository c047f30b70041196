"""Files read, changed and written, for `set -f` and `pin -f`.

Without `--write` the changed text goes to standard output, so that both work as filters; `--diff` and `-o` show the
change instead. A file is replaced as a whole or not at all. An error in one file does not affect the others.
"""

import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from kubectl_pullpolicy.core.manifests.changes import ImageChange
from kubectl_pullpolicy.core.manifests.edits import rewritten
from kubectl_pullpolicy.core.manifests.items import FileItem
from kubectl_pullpolicy.errors import FileError, PullPolicyError, UsageError
from kubectl_pullpolicy.files.manifests import ManifestFile, read_manifests, replace_manifest
from kubectl_pullpolicy.files.paths import MAX_FILE_BYTES
from kubectl_pullpolicy.flags.checks import check_format, max_file_bytes
from kubectl_pullpolicy.flags.options import FileFlags, PlanOutputFlags, SelectionFlags, WriteFlags
from kubectl_pullpolicy.flags.repeat import command_again
from kubectl_pullpolicy.printers.escape import escaped_lines
from kubectl_pullpolicy.printers.plans.file_plan import (
    file_diff,
    print_file_changes,
    print_file_names,
    print_file_plan_json,
    print_file_plan_yaml,
)
from kubectl_pullpolicy.terminal import check_streams, print_message, print_warning
from kubectl_pullpolicy.writes.interrupts import Interrupts, check_output_stream, result_stream

FORMATS = ("", "json", "yaml", "name")


@dataclass(frozen=True)
class FileRequest:
    """Which files and container, and what to do with the changed text; `container` is "" for all."""

    paths: tuple[str, ...]
    recursive: bool = False
    container: str = ""
    write: bool = False
    diff: bool = False
    output: str = ""
    max_bytes: int = MAX_FILE_BYTES

    def check(self) -> None:
        """Raises UsageError for flags that do not go together."""
        check_format(self.output, FORMATS)
        if self.write and "-" in self.paths:
            raise UsageError("--write cannot be used with standard input: the outcome goes to standard output")


def file_request(
    targets: Sequence[str], selection: SelectionFlags, files: FileFlags, write: WriteFlags, output: PlanOutputFlags
) -> FileRequest:
    """Return what the flags ask of files. Raises UsageError for flags that select objects of a cluster."""
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
    return FileRequest(
        paths,
        recursive=selection.recursive,
        container=selection.container,
        write=files.write,
        diff=write.diff,
        output=output.output,
        max_bytes=max_file_bytes(selection.max_file_size),
    )


@dataclass
class FileRun:
    """A run of `set -f` or `pin -f`: the files, the changes that are reported, and the errors."""

    request: FileRequest
    files: list[ManifestFile] = field(default_factory=list)
    changes: list[ImageChange] = field(default_factory=list)
    errors: list[PullPolicyError] = field(default_factory=list)

    def images(self) -> Iterator[ImageChange]:
        """Yield the images that may change: not those excluded by a comment or by `-c`."""
        for file in self.files:
            for document in file.manifest.documents:
                for image in document.images:
                    named = not self.request.container or image.container == self.request.container
                    if named and not document.ignores(image):
                        yield ImageChange(file.name, document, image)

    def refuse(self, change: ImageChange, reason: str) -> None:
        """Report a change as failed, with an error that names its file and line."""
        change.end("failed", reason)
        self.errors.append(image_error(change, reason))

    @property
    def items(self) -> list[FileItem]:
        """The rows of the report, by file and line."""
        order = {file.name: number for number, file in enumerate(self.files)}
        changes = sorted(self.changes, key=lambda change: (order[change.file], change.line))
        return [item for change in changes for item in change.items]


def read_files(request: FileRequest) -> FileRun:
    """Return the files; what cannot be read is among the errors. Raises UsageError."""
    request.check()
    run = FileRun(request)
    stdin, limit = sys.stdin.buffer, request.max_bytes
    for file in read_manifests(request.paths, recursive=request.recursive, stdin=stdin, max_bytes=limit):
        if isinstance(file, FileError):
            run.errors.append(file)
        else:
            run.files.append(file)
            run.errors += file.errors
    return run


def carry_out(run: FileRun) -> int:
    """Make the planned changes, file by file, and write or show them. Return the exit code. Raises OutputError."""
    planned: dict[str, list[ImageChange]] = defaultdict(list)
    for change in run.changes:
        if change.result == "planned":
            planned[change.file].append(change)
    if not run.request.write:
        _show_changes(run, [_rewrite(run, file, planned[file.name]) for file in run.files])
        return int(bool(run.errors))
    check_streams()
    with result_stream() as output:
        with Interrupts() as interrupts:
            written = []
            for file in run.files:
                if interrupts.stopped.is_set():
                    break
                text = _rewrite(run, file, planned[file.name])
                written += [file.name] if text != file.manifest.text else []
            _show_changes(run, [])
            if interrupts.exit_code:
                _print_interruption(written, run)
                return interrupts.exit_code
        check_output_stream(output)
    return int(bool(run.errors))


def _show_changes(run: FileRun, texts: Sequence[str]) -> None:
    if run.request.write or run.request.diff or run.request.output:
        show(run)
    else:
        _print_texts(texts)
    show_errors(run)


def _print_interruption(written: Sequence[str], run: FileRun) -> None:
    """Print what is stored, and the command that goes on. The report has the old values."""
    print_message(f"Interrupted: {len(written)} of {len(run.files)} files were written; each is old or new as a whole.")
    for name in written:
        print_message(f"  {name}")
    print_message(f"The same command does the rest:\n  {command_again()}")


def _rewrite(run: FileRun, file: ManifestFile, changes: Sequence[ImageChange]) -> str:
    """Return the text of a file after its changes, written with `--write`; with `--diff` print the change."""
    text = _changed_text(run, file, changes)
    if run.request.diff:
        _show_diff(file, text)
    return text


def _changed_text(run: FileRun, file: ManifestFile, changes: Sequence[ImageChange]) -> str:
    text, refused = rewritten(file.manifest, changes)
    for change, reason in refused.items():
        run.refuse(change, reason)
    if not run.request.write or text == file.manifest.text:
        return text
    made = [change for change in changes if change not in refused]
    try:
        links = replace_manifest(file, text)
    except FileError as error:
        run.errors.append(error)
        for change in made:
            change.end("failed", str(error))
        return file.manifest.text
    for change in made:
        change.end("changed")
    # Said last: the file is changed, whether or not the warning can be printed.
    if links:
        names = (
            "another name (hard link), which keeps" if links == 1 else f"{links} other names (hard links), which keep"
        )
        print_warning(f"{file.name} has {names} the old text")
    return text


def image_error(change: ImageChange, reason: str) -> PullPolicyError:
    """Return why an image is left as it is, as an error that names its place."""
    item = change.items[0]
    container = f" container {item.container}:" if item.container else ""
    return PullPolicyError(
        f"error: {item.file}:{item.line}: {item.target}:{container} {item.old or item.path}: {reason}"
    )


def _show_diff(file: ManifestFile, text: str) -> None:
    shown = file_diff(file.name, file.manifest.text, text)
    sys.stdout.write(shown if not sys.stdout.isatty() else "".join(f"{line}\n" for line in escaped_lines(shown)))


def show(run: FileRun) -> None:
    """Print the report in the format of `-o`."""
    output = run.request.output
    if output == "json":
        print_file_plan_json(run.items, sys.stdout)
    elif output == "yaml":
        print_file_plan_yaml(run.items, sys.stdout)
    elif output == "name":
        print_file_names(run.items, sys.stdout)
    elif not run.request.diff:
        print_file_changes(run.items, sys.stdout)
    sys.stdout.flush()


def show_errors(run: FileRun) -> None:
    """Print the errors."""
    for error in run.errors:
        print_message(str(error))


def _print_texts(texts: Sequence[str]) -> None:
    """Print the texts byte by byte, control characters escaped on a terminal; several become one YAML stream."""
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
