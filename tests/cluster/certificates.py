"""Keys and certificates, made by openssl."""

import subprocess
from pathlib import Path

from tests.cluster.layout import LOOPBACK
from tests.cluster.packages import program

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


def make_self_signed(key: Path, certificate: Path) -> None:
    """Make a certificate that is right in everything but who signed it."""
    make_key(key)
    _openssl("req", "-x509", "-key", str(key), "-days", "3650", "-subj", f"/CN={LOOPBACK}",
             "-addext", f"subjectAltName=IP:{LOOPBACK}", "-out", str(certificate))  # fmt: skip


def _openssl(*args: str) -> None:
    subprocess.run([program("openssl"), *args], check=True, capture_output=True)
