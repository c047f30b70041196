"""The edge is light: pinning files must not cost the API client."""

import subprocess
import sys

PROGRAM = """
import sys
import kubectl_pullpolicy.registry
assert "urllib3" not in sys.modules
from kubectl_pullpolicy.core.images.reference import parse
from kubectl_pullpolicy.registry import FixedKeychain, Resolver
Resolver(FixedKeychain()).resolve_one(parse("127.0.0.1:1/a:1"))
print(*sys.modules)
"""


def test_asking_a_registry_does_not_import_the_kubernetes_package() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    loaded = {module.partition(".")[0] for module in done.stdout.split()}
    assert loaded & {"kubernetes", "pydantic", "typer", "yaml", "rich"} == set()
    assert "urllib3" in loaded
