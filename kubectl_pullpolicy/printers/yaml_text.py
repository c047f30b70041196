"""YAML that every reader takes for the same values: PyYAML's output, with quotes where readers differ.

PyYAML quotes what it reads as something else itself. To go-yaml, and so to kubectl, `y`, `1e3` and `0o7` are no strings
either; to YAML 1.2 `08` is a number. Source: go.yaml.in/yaml/v2 v2.4.4 resolve.go; YAML 1.1 types (bool, int, float,
merge, null, timestamp, value); YAML 1.2.2, 10.3.2.
"""

import re
from functools import cache
from typing import Any

from kubectl_pullpolicy.core.syntax.yaml_parser import resolved

_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null", "~", "", "=", "<<"})
_NUMBER = re.compile(
    r"[-+]?(?:0x[0-9a-f]+|0o[0-7]+|0b[-+]?[01]+"  # of go-yaml and YAML 1.2
    r"|(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:e[-+]?[0-9]+)?"
    r"|[0-9]+(?::[0-5]?[0-9])+(?:\.[0-9]*)?"  # sexagesimal
    r"|\.inf|\.nan)"
)
_TIMESTAMP = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt \t].*)?")


def yaml_text(value: Any, *, sort_keys: bool = False, allow_unicode: bool = False) -> str:
    """Return a value as one YAML document, in block style."""
    import yaml

    return str(yaml.dump(value, Dumper=_dumper(), sort_keys=sort_keys, width=4096, allow_unicode=allow_unicode))


def may_be_no_string(text: str) -> bool:
    """Return whether a reader of YAML takes this plain scalar for something else than a string."""
    lowered = text.lower()
    if lowered in _WORDS or not isinstance(resolved(text), str):
        return True
    return _NUMBER.fullmatch(lowered.replace("_", "")) is not None or _TIMESTAMP.fullmatch(text) is not None


@cache
def _dumper() -> type[Any]:
    import yaml

    base: type[Any] = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    dumper = type("QuotingDumper", (base,), {})

    def represent(self: Any, text: str) -> Any:
        return self.represent_scalar("tag:yaml.org,2002:str", text, style="'" if may_be_no_string(text) else None)

    dumper.add_representer(str, represent)  # type: ignore[attr-defined]
    return dumper
