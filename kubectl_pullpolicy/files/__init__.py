"""The file edge: manifests, dumps and recordings, read as a Source and written atomically."""

from kubectl_pullpolicy.files.recorder import Recorder
from kubectl_pullpolicy.files.source import FileSource
from kubectl_pullpolicy.files.writing import write_atomically

__all__ = ["FileSource", "Recorder", "write_atomically"]
