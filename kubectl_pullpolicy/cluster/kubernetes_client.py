"""Imports the kubernetes package's client without the parts that are not used here.

`import kubernetes` runs its __init__, which pulls in watch, stream (a websocket library), dynamic, informer and leader
election: a fifth of its import time. Its submodules need none of that, nor what kubernetes.utils pulls in beside the
retries of the REST client; so these packages themselves are entered unrun.
"""

import importlib.util
import sys
from types import ModuleType

UNRUN = ("kubernetes", "kubernetes.utils")


def enter_package() -> None:
    """Make `import kubernetes.client...` work without running the packages in UNRUN. Idempotent."""
    for name in UNRUN:
        if name in sys.modules:
            continue
        spec = importlib.util.find_spec(name)
        if spec is None or spec.submodule_search_locations is None:
            return  # the import that follows names what is missing
        package = ModuleType(name)
        package.__path__ = list(spec.submodule_search_locations)
        package.__spec__ = spec
        sys.modules[name] = package
