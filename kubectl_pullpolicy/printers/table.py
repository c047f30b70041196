"""Columns as kubectl prints them. The first page decides the widths; later pages continue in them and may overflow."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TextIO

from kubectl_pullpolicy.core.report.explanation import Explanation, SubjectExplanation
from kubectl_pullpolicy.printers.backoff import next_attempt_text
from kubectl_pullpolicy.printers.escape import escaped_cell
from kubectl_pullpolicy.printers.style import RED, Style, colour_text
from kubectl_pullpolicy.printers.wording import container_name, short_digest, status_text, subject_name

GAP = "   "
MINIMUM = 6  # k8s.io/cli-runtime pkg/printers/tabwriter.go: tabwriterMinWidth


def print_table(pages: Iterable[Sequence[SubjectExplanation]], style: Style, out: TextIO) -> None:
    """Write a row for each container. Without rows there is no header either."""
    widths: list[int] | None = None
    for page in pages:
        rows = list(_rows(page, style))
        if not rows:
            continue
        if widths is None:
            widths = print_rows([] if style.no_headers else _headers(style), rows, out)
        else:
            out.writelines(_lines(rows, widths))


def _headers(style: Style) -> list[str]:
    headers = ["POD", "CONTAINER", "IMAGE", "POLICY", "WHY", "DIGEST", "STATUS"]
    wide = ["NODE", "OWNER", "IMAGE ID"] if style.wide else []
    return [*(["NAMESPACE"] if style.all_namespaces else []), *headers, *wide]


def _rows(page: Sequence[SubjectExplanation], style: Style) -> Iterator[list[str]]:
    for subject in page:
        name = escaped_cell(subject_name(subject))
        start = [escaped_cell(subject.namespace) or "<none>", name] if style.all_namespaces else [name]
        for explanation in subject.containers:
            yield [*start, *_cells(explanation, style), *(_wide(explanation) if style.wide else ())]


def _cells(explanation: Explanation, style: Style) -> list[str]:
    policy, status = explanation.policy, explanation.status
    words = escaped_cell(f"{status_text(status, style.now())}{next_attempt_text(explanation.back_off, style.now())}")
    failing = status is not None and status.pull_failing
    return [
        escaped_cell(container_name(explanation)),
        escaped_cell(explanation.image) or "<none>",
        escaped_cell(policy.value),
        escaped_cell(policy.why),
        escaped_cell(short_digest(status.digest if status is not None else "")),
        colour_text(words, RED, wanted=failing and style.use_colour),
    ]


def _wide(explanation: Explanation) -> Iterator[str]:
    node, owner, status = explanation.node, explanation.owner, explanation.status
    yield escaped_cell(node.name) if node is not None else "<none>"
    yield escaped_cell(f"{owner.kind}/{owner.name}") if owner is not None else "<none>"
    yield escaped_cell(status.image_id if status is not None else "") or "<none>"


def print_rows(headers: Sequence[str], rows: list[list[str]], out: TextIO) -> list[int]:
    """Write rows with tabulate, below the headers if there are any. Returns the widths of the columns."""
    if not rows:
        return []
    from tabulate import MIN_PADDING, DataRow, TableFormat, tabulate

    plain = DataRow("", GAP, "")
    layout = TableFormat(None, None, None, None, headerrow=plain, datarow=plain, padding=0, with_header_hide=None)
    padded = [[_pad(text, MINIMUM) for text in row] for row in rows]
    # disable_numparse: a tag 1.10 is no number.
    text = tabulate(padded, headers, tablefmt=layout, disable_numparse=True, stralign="left", preserve_whitespace=True)
    out.writelines(f"{line.rstrip()}\n" for line in text.splitlines())
    widths = [max(map(_width, column)) for column in zip(*padded, strict=True)]
    least = [_width(header) + MIN_PADDING for header in headers] or widths  # tabulate pads headers
    return [max(pair) for pair in zip(widths, least, strict=True)]


def _lines(rows: list[list[str]], widths: list[int]) -> Iterator[str]:
    plain = GAP.join(f"%-{width}s" for width in widths)  # fast, if each character takes one cell
    for row in rows:
        line = plain % tuple(row)
        if not line.isascii() or "\x1b" in line:
            line = GAP.join(_pad(text, width) for text, width in zip(row, widths, strict=True))
        yield f"{line.rstrip()}\n"


def _pad(text: str, width: int) -> str:
    return text + " " * (width - _width(text))


def _width(text: str) -> int:
    """Return the terminal cells of a text: 0 for colours and combining characters, 2 for wide characters."""
    if text.isascii() and "\x1b" not in text:
        return len(text)
    if text.startswith("\x1b"):
        text = text[5 : -len("\x1b[0m")]
    import unicodedata  # most tables are ASCII

    wide = sum(unicodedata.east_asian_width(character) in "WF" for character in text)
    return len(text) + wide - sum(unicodedata.combining(character) > 0 for character in text)
