"""plugin.yaml with what a release knows: version, addresses, checksums. Only these values of its text change."""

import re
from collections.abc import Mapping

_PLATFORM = re.compile(
    r"(?P<os>        os: (\w+)\n)(?P<arch>        arch: (\w+)\n)(?P<uri>    uri: )(\S+)\n(?P<sum>    sha256: )(\S+)\n"
)


def filled(template: str, version: str, repository: str, sums: Mapping[tuple[str, str], str]) -> str:
    """The manifest of a version; `sums` by os and arch, where a platform is missing its own stays as it is.

    `repository` is OWNER/NAME, "" leaves the addresses' owner.
    """
    text = re.sub(r"(?m)^(  version: )\S+$", rf"\g<1>v{version}", template)
    text = re.sub(r"(/releases/download/)[^/]+/", rf"\g<1>v{version}/", text)
    if repository:
        text = text.replace("OWNER/kubectl-pullpolicy", repository)

    def summed(found: re.Match[str]) -> str:
        total = sums.get((found[2], found[4]))
        return found[0] if total is None else found[0].replace(found[8], f'"{total}"')

    return _PLATFORM.sub(summed, text)
