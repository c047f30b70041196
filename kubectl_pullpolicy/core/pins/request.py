"""What pin was asked for, of files and of live objects: what it looks up, and what it makes of the answers."""

from dataclasses import dataclass
from fnmatch import fnmatchcase

from kubectl_pullpolicy.core.images.pin_verdicts import PinVerdict, RegistryAnswers, judged, references_to_resolve
from kubectl_pullpolicy.core.images.reference import ImageReference


@dataclass(frozen=True)
class PinRequest:
    """The flags of pin; `platform` is "" for the index, `policy` "" if it is not to change."""

    check: bool = False
    update: bool = False
    drop_tag: bool = False
    platform: str = ""
    policy: str = ""
    ignore: tuple[str, ...] = ()

    def ignores(self, image: str) -> bool:
        """Return whether a pattern of `--ignore` matches the image as written."""
        return any(fnmatchcase(image, pattern) for pattern in self.ignore)

    def lookups(self, reference: ImageReference) -> tuple[ImageReference, ...]:
        """Return the references to resolve for a verdict on this one."""
        return references_to_resolve(reference, follow=self.update or self.check, verify=self.check)

    def verdict(self, reference: ImageReference, answers: RegistryAnswers) -> PinVerdict:
        """Return the verdict; a pinned image is judged only with `--update` and `--check`."""
        if reference.digest and not (self.update or self.check):
            return PinVerdict("current")
        if self.check and not reference.digest:
            return PinVerdict("pin")
        return judged(reference, answers, self.platform)
