"""Tables that come in pages."""

import io
from datetime import UTC, datetime

from kubectl_pullpolicy.core.explain.explainer import Explainer
from kubectl_pullpolicy.core.source.snapshot import Snapshot
from kubectl_pullpolicy.printers.style import Style
from kubectl_pullpolicy.printers.table import print_table
from tests.harness.builders import container, pod, read


def test_later_pages_stand_in_the_columns_of_the_first() -> None:
    page = [Explainer(Snapshot()).explain(read(pod(container())))]
    for style in (Style(lambda: datetime.now(UTC)), Style(lambda: datetime.now(UTC), no_headers=True)):
        out = io.StringIO()
        print_table([page, page], style, out)
        *_, first, second = out.getvalue().splitlines()
        assert second == first
