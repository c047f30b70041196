"""The arguments and flags that one verb alone has, as one value each: below all forms of that verb."""

from collections.abc import Sequence
from dataclasses import dataclass

from kubectl_pullpolicy.core.credentials.image_pull_secrets import CredentialsWanted


@dataclass(frozen=True)
class DiagnoseRequest:
    """The arguments and flags that only diagnose has.

    `messages` is what stands behind `--`, None where there is no `--`.
    """

    targets: Sequence[str] = ()
    messages: Sequence[str] | None = None
    details: bool = False
    record: str = ""
    demo: bool = False
    now: str = ""
    probe: bool = False
    no_secrets: bool = False


@dataclass(frozen=True)
class ExplainRequest:
    """The flags that only explain has."""

    targets: tuple[str, ...] = ()
    failing: bool = False
    details: bool = False
    image: str = ""
    policy: str = ""
    record: str = ""
    demo: bool = False
    now: str = ""
    watch: bool = False
    watch_only: bool = False
    credentials: bool = False
    no_secrets: bool = False
    probe: bool = False

    @property
    def credentials_wanted(self) -> CredentialsWanted:
        """Whose pull secrets are looked at."""
        return "never" if self.no_secrets else "all" if self.credentials or self.probe else "failing"
