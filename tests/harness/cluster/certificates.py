"""Keys and certificates, made by openssl."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.harness.cluster.layout import LOOPBACK
from tests.harness.cluster.packages import program

_CURVE = ("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")


def make_key(path: Path) -> None:
    """Make a private key."""
    _openssl("genpkey", *_CURVE, "-out", str(path))


def make_rsa_key(path: Path) -> None:
    """Make an RSA key: the API server derives the public half of no other kind that genpkey writes."""
    _openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", str(path))


def make_authority(key: Path, certificate: Path) -> None:
    """Make an authority that signs its own certificate."""
    make_key(key)
    # keyUsage: strict verifiers, Python 3.13's among them, want it of an authority.
    usage = "keyUsage=critical,keyCertSign,cRLSign"
    _openssl("req", "-x509", "-key", str(key), "-days", "3650", "-subj", "/CN=test-cluster", "-addext", usage,
             "-out", str(certificate))  # fmt: skip


def make_server_certificate(authority_key: Path, authority: Path, key: Path, certificate: Path) -> None:
    """Make a certificate for servers on loopback."""
    make_key(key)
    _openssl("req", "-x509", "-key", str(key), "-days", "3650", "-subj", f"/CN={LOOPBACK}",
             "-CA", str(authority), "-CAkey", str(authority_key),
             "-addext", f"subjectAltName=IP:{LOOPBACK},DNS:localhost", "-addext", "basicConstraints=critical,CA:FALSE",
             "-out", str(certificate))  # fmt: skip


def make_certificate(authority_key: Path, authority: Path, names: Sequence[str], key: Path, certificate: Path) -> None:
    """Make a certificate for servers of these names."""
    make_key(key)
    alternatives = ",".join(f"DNS:{name}" for name in names)
    _openssl("req", "-x509", "-key", str(key), "-days", "3650", "-subj", "/CN=registry",
             "-CA", str(authority), "-CAkey", str(authority_key),
             "-addext", f"subjectAltName={alternatives}", "-addext", "basicConstraints=critical,CA:FALSE",
             "-out", str(certificate))  # fmt: skip


def make_client_certificate(authority_key: Path, authority: Path, name: str, key: Path, certificate: Path) -> None:
    """Make a certificate for the user of this name."""
    make_key(key)
    _openssl("req", "-x509", "-key", str(key), "-days", "3650", "-subj", f"/CN={name}",
             "-CA", str(authority), "-CAkey", str(authority_key), "-addext", "extendedKeyUsage=clientAuth",
             "-addext", "basicConstraints=critical,CA:FALSE", "-out", str(certificate))  # fmt: skip


def make_expired(authority_key: Path, authority: Path, name: str, key: Path, certificate: Path) -> None:
    """Make a certificate whose time is over. Of openssl's commands only `ca` takes dates, and it keeps books."""
    make_key(key)
    books = certificate.parent / "books"
    books.mkdir()
    (books / "index.txt").touch()
    section = {
        "database": books / "index.txt", "new_certs_dir": books, "rand_serial": "yes", "default_md": "sha256",
        "policy": "any", "copy_extensions": "copy",
    }  # fmt: skip
    lines = ["[ca]", "default_ca = own", "[own]", *(f"{name} = {value}" for name, value in section.items())]
    (books / "openssl.cnf").write_text("\n".join([*lines, "[any]", "commonName = supplied", ""]))
    request = books / "request.pem"
    _openssl("req", "-new", "-key", str(key), "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}",
             "-out", str(request))  # fmt: skip
    _openssl("ca", "-batch", "-config", str(books / "openssl.cnf"), "-cert", str(authority), "-keyfile",
             str(authority_key), "-startdate", "20200101000000Z", "-enddate", "20210101000000Z", "-notext",
             "-in", str(request), "-out", str(certificate))  # fmt: skip


def make_self_signed(key: Path, certificate: Path) -> None:
    """Make a certificate that is right in everything but who signed it."""
    make_key(key)
    _openssl("req", "-x509", "-key", str(key), "-days", "3650", "-subj", f"/CN={LOOPBACK}",
             "-addext", f"subjectAltName=IP:{LOOPBACK},DNS:tls.example.com",
             "-out", str(certificate))  # fmt: skip


def _openssl(*args: str) -> None:
    subprocess.run([program("openssl"), *args], check=True, capture_output=True)
