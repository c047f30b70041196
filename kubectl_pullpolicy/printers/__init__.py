"""Values to text. Printers read nothing and decide nothing; they write to the stream that they are given."""

from kubectl_pullpolicy.printers.explanation import print_narratives
from kubectl_pullpolicy.printers.structured import (
    print_json,
    print_json_lines,
    print_names,
    print_yaml,
    print_yaml_documents,
)
from kubectl_pullpolicy.printers.style import Style
from kubectl_pullpolicy.printers.table import print_table

__all__ = [
    "Style",
    "print_json",
    "print_json_lines",
    "print_names",
    "print_narratives",
    "print_table",
    "print_yaml",
    "print_yaml_documents",
]
