"""The file edge: manifests, dumps and recordings, read as a Source and written atomically."""

from kubectl_pullpolicy.files.atomic_write import write_atomically
from kubectl_pullpolicy.files.recorder import Recorder
from kubectl_pullpolicy.files.source import FileSource

__all__ = ["FileSource", "Recorder", "write_atomically"]
