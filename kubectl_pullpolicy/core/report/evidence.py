"""What every answer rests on: one thing that was read and what it shows, and how sure that is."""

from typing import Literal

import msgspec

Certainty = Literal["certain", "inferred"]


class Value(msgspec.Struct, frozen=True, rename="camel", gc=False):
    """Base: camelCase keys, nothing left out."""


class Evidence(Value, frozen=True):
    """One thing that was read and what it shows. `source`: "last-applied of Deployment/web", "the Pod itself"."""

    source: str
    detail: str
    certainty: Certainty
