"""Reads all Pods of a cluster as explain does, and does nothing with them: what no list that reads them can go below.

python -m benchmarks.read
"""

from kubectl_pullpolicy.cluster import open_cluster
from kubectl_pullpolicy.core.source.reads import ListOf
from kubectl_pullpolicy.flags.options import ConnectionFlags


def main() -> None:
    """Reads the pages, and drops each."""
    source, _ = open_cluster(ConnectionFlags(), None, print)
    for _ in source.raw_pages(ListOf("v1", "Pod", None)):
        pass


if __name__ == "__main__":
    main()
