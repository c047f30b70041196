"""Imports of the kubernetes package's client, without what nobody here uses.

`import kubernetes` runs its __init__, which pulls in watch, stream (a websocket library), dynamic, informer and leader
election: a fifth of its import time. Its submodules need none of that, so the package itself is entered unrun.
"""

import importlib.util
import sys
from types import ModuleType


def enter_package() -> None:
    """Makes `import kubernetes.client...` work without running kubernetes/__init__.py. Does nothing the second time."""
    if "kubernetes" in sys.modules:
        return
    spec = importlib.util.find_spec("kubernetes")
    if spec is None or spec.submodule_search_locations is None:
        return  # the import that follows says what is missing
    package = ModuleType("kubernetes")
    package.__path__ = list(spec.submodule_search_locations)
    package.__spec__ = spec
    sys.modules["kubernetes"] = package
