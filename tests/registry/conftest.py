"""A registry to ask, and a Resolver that loses no time."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from kubectl_pullpolicy.core.images.reference import ImageReference, parse
from kubectl_pullpolicy.registry import Credential, FixedKeychain, Limits, Resolver, Settings
from tests.harness.cluster.certificates import make_authority, make_self_signed, make_server_certificate
from tests.harness.stubs.registry import Registry, serving

# Tests of a time-out set their own; these must not be reached on a machine that has much to do.
QUICK = Limits(connect=20.0, read=20.0, handshake_on_loopback=20.0, look_up=60.0, pauses=(0.01, 0.01), retry_after=0.5)


@pytest.fixture
def registry() -> Iterator[Registry]:
    """An open registry on loopback, without TLS."""
    state = Registry()
    with serving(state):
        yield state


@pytest.fixture
def other() -> Iterator[Registry]:
    """Another one, at another origin."""
    state = Registry()
    with serving(state):
        yield state


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Certificate and key of 127.0.0.1, which is not trusted."""
    folder = tmp_path_factory.mktemp("tls")
    make_self_signed(folder / "tls.key", folder / "tls.crt")
    return folder / "tls.crt", folder / "tls.key"


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    """An authority's certificate, and certificate and key of a server that it vouches for."""
    folder = tmp_path_factory.mktemp("authority")
    make_authority(folder / "ca.key", folder / "ca.crt")
    make_server_certificate(folder / "ca.key", folder / "ca.crt", folder / "tls.key", folder / "tls.crt")
    return folder / "ca.crt", folder / "tls.crt", folder / "tls.key"


def resolver(*credentials: Credential, limits: Limits = QUICK, authority: str = "", plain: str = "") -> Resolver:
    """One with these credentials for everything."""
    return Resolver(FixedKeychain(credentials), Settings(authority, frozenset(filter(None, [plain])), limits))


def ref(registry: Registry, name: str) -> ImageReference:
    """A reference at the stub."""
    return parse(f"{registry.host}/{name}")
