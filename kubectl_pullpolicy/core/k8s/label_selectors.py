"""How label selectors are written: `a=b`, `a!=b`, `a in (b,c)`, `a notin (b)`, `a`, `!a`, `a>1`.

Source: k8s.io/apimachinery v0.37.2 pkg/labels/selector.go, pkg/api/validate/content. Errors are in its words.
"""

import json
import re
from collections.abc import Mapping
from typing import Literal, NamedTuple

from kubectl_pullpolicy.core.k8s.kinds import DNS_SUBDOMAIN
from kubectl_pullpolicy.errors import UsageError

Operator = Literal["in", "notin", "=", "==", "!=", "gt", "lt", "exists", "!"]

_TOKEN = re.compile(r"==|!=|[=!(),<>]|[^=!(),<> \t\r\n]+")
_SYMBOLS = frozenset({"==", "!=", "=", "!", "(", ")", ",", "<", ">"})
_OPERATORS: dict[str, Operator] = {
    "in": "in", "notin": "notin", "=": "=", "==": "==", "!=": "!=", ">": "gt", "<": "lt",
}  # fmt: skip
_INT64 = re.compile(r"[+-]?[0-9]{1,4000}")  # Python refuses to read longer ones

_NAME = r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_CHARACTERS = "alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character"
_NAME_RULE = (
    f"must consist of {_CHARACTERS} (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
    f"'{_NAME}')"
)
_VALUE_RULE = (
    f"a valid label must be an empty string or consist of {_CHARACTERS} (e.g. 'MyValue',  or 'my_value',  or '12345', "
    f"regex used for validation is '({_NAME})?')"
)
_SUBDOMAIN_RULE = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start "
    f"and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '{DNS_SUBDOMAIN}')"
)


class Requirement(NamedTuple):
    """One term of a label selector."""

    key: str
    operator: Operator
    values: frozenset[str] = frozenset()

    def matches(self, labels: Mapping[str, str | None]) -> bool:
        """Whether these labels satisfy it. Without the key, `!=` and `notin` do."""
        if self.operator == "exists":
            return self.key in labels
        if self.operator in {"!", "notin", "!="} and self.key not in labels:
            return True
        if self.operator == "!" or self.key not in labels:
            return False
        value = labels[self.key] or ""
        if self.operator in {"gt", "lt"}:
            number, bound = _int64(value), _int64(next(iter(self.values)))
            if number is None or bound is None:
                return False
            return number > bound if self.operator == "gt" else number < bound
        return (value in self.values) == (self.operator in {"in", "=", "=="})


def parse_requirements(text: str) -> tuple[Requirement, ...]:
    """Read a label selector's terms, in the order written. Raises UsageError."""
    return _Parser(text).parse()


class _Parser:
    """apimachinery's recursive descent, token by token; "" is the end of the text."""

    def __init__(self, text: str) -> None:
        self._tokens: list[str] = [*_TOKEN.findall(text), ""]
        self._position = 0

    @property
    def _next(self) -> str:
        return self._tokens[min(self._position, len(self._tokens) - 1)]

    def _take(self) -> str:
        token = self._next
        self._position += 1
        return token

    def parse(self) -> tuple[Requirement, ...]:
        requirements: list[Requirement] = []
        while self._next:
            if not _is_word(self._next) and self._next != "!":
                raise UsageError(f"found '{self._next}', expected: !, identifier, or 'end of string'")
            requirements.append(self._requirement())
            token = self._take()
            if token not in {"", ","}:
                raise UsageError(f"found '{token}', expected: ',' or 'end of string'")
            if token == "," and not _is_word(self._next) and self._next != "!":
                raise UsageError(f"found '{self._next}', expected: identifier after ','")
        return tuple(requirements)

    def _requirement(self) -> Requirement:
        negated = self._next == "!"
        if negated:
            self._take()
        key = self._take()
        if not _is_word(key):
            raise _cannot_parse(f"found '{key}', expected: identifier")
        _check_key(key)
        if negated:
            return Requirement(key, "!")
        if self._next in {"", ","}:
            return Requirement(key, "exists")
        word = self._take()
        operator = _OPERATORS.get(word)
        if operator is None:
            raise _cannot_parse(f"found '{word}', expected: in, notin, =, ==, !=, gt, lt")
        values = self._set() if operator in {"in", "notin"} else {self._value()}
        _check_values(key, operator, sorted(values))
        return Requirement(key, operator, frozenset(values))

    def _value(self) -> str:
        if self._next in {"", ","}:
            return ""
        value = self._take()
        if not _is_word(value):
            raise _cannot_parse(f"found '{value}', expected: identifier")
        return value

    def _set(self) -> set[str]:
        opening = self._take()
        if opening != "(":
            raise _cannot_parse(f"found '{opening}' expected: '('")
        if self._next == ")":
            self._take()
            return {""}
        if not _is_word(self._next) and self._next != ",":
            raise _cannot_parse(f"found '{self._next}', expected: ',', ')' or identifier")
        values: set[str] = set()
        while self._next != ")":
            token = self._take()
            if _is_word(token):
                values.add(token)
                if self._next not in {",", ")"}:
                    raise _cannot_parse(f"found '{self._next}', expected: ',' or ')'")
            elif token != ",":
                raise _cannot_parse(f"found '{token}', expected: ',', or identifier")
            elif not values or self._next in {",", ")"}:
                values.add("")  # an empty value: "(,a)", "(a,,b)", "(a,)"
        self._take()
        return values


def _is_word(token: str) -> bool:
    return bool(token) and token not in _SYMBOLS


def _cannot_parse(reason: str) -> UsageError:
    return UsageError(f"unable to parse requirement: {reason}")


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)  # as Go's %q has it


def _int64(text: str) -> int | None:
    if not _INT64.fullmatch(text):
        return None
    number = int(text)
    return number if -(2**63) <= number < 2**63 else None


def _check_key(key: str) -> None:
    prefix, slash, name = key.rpartition("/")
    problems = []
    if "/" in prefix:
        problems.append(
            f"a valid label key {_NAME_RULE} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
        )
    else:
        if slash and not prefix:
            problems.append("prefix part must be non-empty")
        elif slash:
            if len(prefix) > 253:
                problems.append("prefix part must be no more than 253 bytes")
            if not re.fullmatch(DNS_SUBDOMAIN, prefix):
                problems.append(f"prefix part {_SUBDOMAIN_RULE}")
        if not name:
            problems.append("name part must be non-empty")
        elif len(name.encode()) > 63:
            problems.append("name part must be no more than 63 bytes")
        if not re.fullmatch(_NAME, name):
            problems.append(f"name part {_NAME_RULE}")
    if problems:
        raise _cannot_parse(f"<nil>: Invalid value: {_quoted(key)}: {'; '.join(problems)}")


def _check_values(key: str, operator: Operator, values: list[str]) -> None:
    problems = []
    for index, value in enumerate(values):
        if operator in {"gt", "lt"} and _int64(value) is None:
            rule = "for 'Gt', 'Lt' operators, the value must be an integer"
            problems.append(f"values[{index}]: Invalid value: {_quoted(value)}: {rule}")
    for index, value in enumerate(values):
        broken = ["must be no more than 63 bytes"] if len(value.encode()) > 63 else []
        if not re.fullmatch(f"({_NAME})?", value):
            broken.append(_VALUE_RULE)
        if broken:
            problems.append(f"values[{index}][{key}]: Invalid value: {_quoted(value)}: {'; '.join(broken)}")
    if problems:
        raise _cannot_parse(problems[0] if len(problems) == 1 else f"[{', '.join(problems)}]")
