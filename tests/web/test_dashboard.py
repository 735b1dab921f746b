"""The manager's pages in front of a plain store: who sees what, and what is refused."""

from __future__ import annotations

import pytest

from app.lanes.measuring import PAGES
from tests.web.support import Served, fill


@pytest.mark.parametrize("page", PAGES)
def test_each_page_is_shown_with_and_without_data(served: Served, page: str) -> None:
    admin = served.connected()
    for _ in range(2):
        answer = admin.get(f"/dashboard/{page}")
        assert answer.status_code == 200, answer.text
        assert " style=" not in answer.text
        fill(served, served.installation()) if _ == 0 else None
