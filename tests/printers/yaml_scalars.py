"""What the real kubectl reads plain YAML scalars as: python -m tests.printers.yaml_scalars KUBECTL writes the table.

Each candidate is a value of an object that `kubectl label --local` reads and prints as JSON; no cluster is asked.
"""

import itertools
import json
import subprocess
import sys
from pathlib import Path

TABLE = Path(__file__).with_name("yaml_scalars.json")

WORDS = [
    "y",
    "n",
    "yes",
    "no",
    "on",
    "off",
    "true",
    "false",
    "null",
    "nil",
    "none",
    "~",
    "<<",
    "=",
    ".inf",
    ".nan",
    "inf",
]
SIGNS = ["", "+", "-"]
DIGITS = [
    "0",
    "1",
    "7",
    "08",
    "8",
    "010",
    "0o7",
    "0O7",
    "0o8",
    "0x1F",
    "0X1f",
    "0b1",
    "0B1",
    "0b-1",
    "0b2",
    "1_000",
    "_1",
    "1_",
]
POINTS = ["", ".", ".5", ".10", "._5", ".5.", ".5.1"]
EXPONENTS = ["", "e3", "E3", "e+3", "e-3", "e", "e+", "e3.5", "p3", "i"]
OTHERS = [
    *("1:20", "1:20:30", "190:20:30.15", "-1:20", "12:60", "0:0", "2001-01-01", "2001-1-1", "2001-01-01T00:00:00Z"),
    *("2001-12-14 21:59:43.10 -5", "2001-12-14t21:59:43Z", "1.2.3", "v1", "1.37.2", "10.0.0.1", "sha256", "685e7"),
    *("685e77aa41c2", "0x", "0b", "0o", "-0x1", "+0x1", "-0b1", "-0o7", "0x_1", "0x1.8p1", "1e400", "1e-400", "1" * 25),
    *(
        "9" * 5000,
        "1,000",
        "1 000",
        "0777",
        "0xG",
        "1f",
        "1d",
        "1L",
        "NaN",
        "Infinity",
        "-.inf",
        "+.inf",
        "-.Inf",
        "+.INF",
    ),
    *(
        ".NaN",
        ".NAN",
        ".Nan",
        ".iNF",
        "0.",
        ".0",
        "-.5",
        "+.5e3",
        "-1e2",
        "1__0",
        "0x1_f",
        "0b1_0",
        "017_7",
        "-",
        "+",
        ".",
    ),
]


def candidates() -> list[str]:
    """Words in every case, numbers of every form."""
    words = [each for word in WORDS for each in (word, word.title(), word.upper(), word[:1] + word[1:].upper())]
    numbers = ["".join(parts) for parts in itertools.product(SIGNS, DIGITS, POINTS, EXPONENTS)]
    return list(dict.fromkeys([*words, *numbers, *OTHERS]))


def read_by(kubectl: str, texts: list[str]) -> dict[str, str]:
    """The type that each has to kubectl: string, number, boolean, null, or that it refuses the document."""
    rows = "".join(f"- {text}\n" for text in texts)
    manifest = f"apiVersion: example.com/v1\nkind: Widget\nmetadata:\n  name: w\nspec:\n{rows}"
    done = subprocess.run(
        [kubectl, "label", "--local", "--dry-run=client", "-f", "-", "-o", "json", "a=b"],
        input=manifest,
        capture_output=True,
        check=False,
        text=True,
    )
    if done.returncode:
        half = len(texts) // 2
        return read_by(kubectl, texts[:half]) | read_by(kubectl, texts[half:]) if half else {texts[0]: "refused"}
    values = json.loads(done.stdout, parse_int=float)["spec"]
    names = {str: "string", float: "number", bool: "boolean", type(None): "null", list: "list"}
    return {
        text: names[type(value)] if not isinstance(value, str) or value == text else "another string"
        for text, value in zip(texts, values, strict=True)
    }


if __name__ == "__main__":
    TABLE.write_text(json.dumps(read_by(sys.argv[1], candidates()), indent=0) + "\n")
