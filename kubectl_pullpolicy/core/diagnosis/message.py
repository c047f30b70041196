"""Takes a message out of its wrappings: what the runtime said, one text for each credential that was tried.

The wrappings are the kubelet's (pkg/kubelet/images/image_manager.go, kuberuntime_container.go, 1.28 to 1.37), its log's
(`failed to "StartContainer" for ... with REASON: "..."`), gRPC's (`rpc error: code = C desc = `), the CRI runtimes'
(containerd internal/cri/server/images/image_pull.go, 1.6 to 2.x; cri-o server/image_pull.go) and docker's.
"""

import re
from typing import NamedTuple

LONGEST = 8192  # characters that are read at either end of a message: its first or its last words say what fails
_HUGE = 2 * LONGEST

# What precedes a quoted image, whatever the wrapping.
_NAMING = ("image", "images", "reference", "tag", "manifest", "artifact", "source", "image reference", "image name")
_QUOTED = re.compile(r'"([^"\s]{1,512})"')
_URL = re.compile(r"[a-z]{4,6}://[^\s\"'\\]{1,2048}")
_MIRRORS = re.compile(r"\(mirrors also failed: ", re.IGNORECASE)
# docker's own API answers 500 whatever the registry said.
_API_STATUS = re.compile(
    r"\(http code \d{3}\) [a-z ]{1,40}|\bapi error \(\d{3}\)|^\d{3} server error: [a-z ]{1,40}", re.IGNORECASE
)
_CONTROL = re.compile("[\x00-\x1f\x7f]")
_CASE = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)} | {ord("“"): '"', ord("”"): '"'}


class MaskedText(NamedTuple):
    """A text to be searched: `plain` in lower case, `text` also with every URL as UUUU and quoted reference as RRRR.

    It is as long as `original`, so that what matched can be quoted: a name that holds "denied" is no evidence.
    """

    original: str
    plain: str
    text: str
    urls: tuple[str, ...]
    quoted: tuple[str, ...]


def unwrap_message(message: str) -> list[str]:
    """Return what was said, one text for each attempt. Of a huge message only both ends are read."""
    if len(message) > _HUGE:
        message = f"{message[:LONGEST]} ... {message[-LONGEST:]}"
    plain = message
    if "\\" in plain:
        plain = plain.replace('\\"', '"').replace("\\n", " ").replace("\\r", " ")
    if not plain.isprintable():
        plain = _CONTROL.sub(" ", plain)
    if "rror" in plain[:400]:
        plain = f"{_API_STATUS.sub('', plain[:400])}{plain[400:]}"
    return _attempts(_without_mirrors(plain.strip()))


def mask_text(said: str) -> MaskedText:
    """The text with its URLs and references covered."""
    plain = text = said.lower() if said.isascii() else said.translate(_CASE)
    urls, quoted = [], []
    if "://" in text:
        for found in _URL.finditer(text):
            start, end = found.start(), found.start() + len(found[0].rstrip(":.,;)]"))
            urls.append(said[start:end])
            text = f"{text[:start]}{'U' * (end - start)}{text[end:]}"
    for found in _QUOTED.finditer(text):
        start, end = found.span(1)
        if text[max(0, start - 30) : start - 1].rstrip(" :=").endswith(_NAMING):
            quoted.append(said[start:end])
            text = f"{text[:start]}{'R' * (end - start)}{text[end:]}"
    return MaskedText(said, plain, text, tuple(urls), tuple(quoted))


def _without_mirrors(text: str) -> str:
    """Remove the errors of mirrors: containers/image prints them first, in brackets, then the registry's."""
    found = _MIRRORS.search(text)
    if found is None:
        return text
    end = text.find("]): ", found.end())
    return text if end < 0 else text[: found.start()] + text[end + 4 :]


def _attempts(text: str) -> list[str]:
    """Return the parts of `[a, b]` (k8s.io/apimachinery/pkg/util/errors: aggregate), one for each credential that was
    tried.

    Errors of one runtime begin identically, so each next one begins like the first one.
    """
    opening = text.find("[")
    if opening < 0 or not text.rstrip("\"' .").endswith("]"):
        return [text]
    before, inner = text[:opening], text[opening + 1 : text.rindex("]")]
    if before and not before.endswith((": ", ":", " ", '"')):
        return [text]
    beginning = re.match(r"[A-Za-z][^:\"]{3,40}", inner)
    if beginning is None:
        return [text]
    parts = inner.split(f", {beginning[0]}")
    if len(parts) == 1:
        return [text]
    return [parts[0], *(f"{beginning[0]}{part}" for part in parts[1:])]
