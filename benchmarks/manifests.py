"""What it costs to change every image of a big file: python -m benchmarks.manifests. Writes docs/quality.md.

Beside it PyYAML's compose() of the same text, which is the least that a reader of places costs otherwise.
"""

import os
import platform
import sys
import time
from collections.abc import Callable

from benchmarks.quality import QUALITY, write_section
from kubectl_pullpolicy import __version__
from kubectl_pullpolicy.core.manifests.changes import ImageChange
from kubectl_pullpolicy.core.manifests.edits import rewritten
from kubectl_pullpolicy.core.manifests.manifest import read_manifest

DIGEST = "sha256:" + "0123456789abcdef" * 4
DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web-{number}
  labels: {{app: web, tier: front}}
spec:
  replicas: 3
  selector:
    matchLabels:
      app: web
  template:
    metadata:
      labels:
        app: web
    spec:
      containers:
      - name: app   # the app
        image: registry.example.com/shop/web:{number}
        args: ["--a", "--b=c"]
        env:
        - name: A
          value: "1"
        ports:
        - containerPort: 80
---
"""
# Characters, and how often each is measured.
SIZES = {"526 KiB": (526 * 1024, 5), "10 MB": (10 * 1000 * 1000, 1)}


def made_up(size: int) -> str:
    """Deployments of about this many characters."""
    count = size // len(DEPLOYMENT)
    return "".join(DEPLOYMENT.format(number=number) for number in range(count))


def pin(text: str) -> None:
    """Every image found, pinned, its policy put in beside it, and the outcome checked."""
    manifest = read_manifest(text, "web.yaml")
    changes = [
        ImageChange("web.yaml", document, image, digest=DIGEST, policy="IfNotPresent")
        for document in manifest.documents
        for image in document.images
    ]
    assert rewritten(manifest, changes).text.count(DIGEST) == len(changes) == text.count("image:")


def compose(text: str) -> None:
    """The same text by PyYAML."""
    import yaml

    assert list(yaml.compose_all(text, yaml.CSafeLoader))


def main() -> None:
    """Measures, prints and writes."""
    rows = ["| what | images | seconds | compose() of PyYAML, seconds |", "| --- | --- | --- | --- |"]
    for name, (size, runs) in SIZES.items():
        text = made_up(size)
        ours, other = (min(_seconds(work, text) for _ in range(runs)) for work in (pin, compose))
        rows.append(f"| {name} of manifests | {text.count('image:'):,} | {ours:.2f} | {other:.2f} |")
    head = "`python -m benchmarks.manifests`: processor time of one core, the best of some runs."
    where = f"kubectl-pullpolicy {__version__}, Python {platform.python_version()}, {os.cpu_count()} cores, shared."
    write_section("Images of manifests pinned, with their policies", f"{head} {where}\n\n" + "\n".join(rows))
    sys.stdout.write(QUALITY.read_text())


def _seconds(work: Callable[[str], None], text: str) -> float:
    begun = time.process_time()
    work(text)
    return time.process_time() - begun


if __name__ == "__main__":
    main()
