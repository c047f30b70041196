"""The text of a pinned reference: `name:tag@sha256:...`, the name left as it is written.

Where no tag is written none is added: `name@sha256:...`. The tag is what a reader, a policy default and an update need;
container runtimes go by the digest.
"""

from kubectl_pullpolicy.core.image import ImageReference


def pinned(reference: ImageReference, digest: str) -> str:
    """The reference with this digest, its tag kept."""
    return f"{reference.written.partition('@')[0]}@{digest}"


def pinned_without_tag(reference: ImageReference, digest: str) -> str:
    """The reference with this digest and no tag."""
    written = reference.written.partition("@")[0]
    return f"{written.removesuffix(f':{reference.tag}') if reference.tag else written}@{digest}"


def unpinned(reference: ImageReference) -> str:
    """The reference without its digest: what an update asks the registry for."""
    return reference.written.partition("@")[0]
