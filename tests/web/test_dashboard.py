"""The manager's pages in front of a plain store."""

from __future__ import annotations

import pytest

from app.lanes import history
from app.lanes.measuring import PAGES
from tests.web.support import Served, fill


@pytest.mark.parametrize("page", PAGES)
def test_each_page_is_shown_with_and_without_data(served: Served, page: str) -> None:
    admin = served.connected()
    assert admin.get(f"/dashboard/{page}").status_code == 200
    fill(served, served.installation())
    answer = admin.get(f"/dashboard/{page}")
    assert answer.status_code == 200, answer.text
    assert " style=" not in answer.text
    assert answer.text.count("<script") == answer.text.count('<script src="/static/')
    assert "still being read" not in answer.text


def test_while_the_past_is_read_the_pages_say_so(served: Served) -> None:
    admin = served.connected()
    with served.store.write() as conn:
        history.begin(conn, served.installation())
    assert "still being read" in admin.get("/dashboard/audit").text
