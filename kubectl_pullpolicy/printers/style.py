"""How to print."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Style:
    """What a command tells its printer. `now` is asked late: the server's time comes with its answers."""

    now: Callable[[], datetime]
    all_namespaces: bool = False
    no_headers: bool = False
    wide: bool = False
    colour: bool = False
