"""docs/api.md names every address of the API with the roles that it really asks for."""

from __future__ import annotations

import re
from pathlib import Path

from tests.web.support import Served
from tests.web.test_access import APPROVERS, EDITORS, EVERYBODY, MANAGERS

DOCS = (Path(__file__).parents[2] / "docs" / "api.md").read_text()


def test_every_address_is_documented(served: Served) -> None:
    documented = {
        (method, re.sub(r"<[^>]+>", "<>", path)): roles.strip()
        for method, path, roles in re.findall(r"^\| `(\w+) (/api/[^`]*)` \| ([^|]+) \|", DOCS, re.M)
    }
    there: dict[tuple[str, str], str] = {}
    for rule in served.app.url_map.iter_rules():
        if rule.rule.startswith("/api/"):
            for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
                roles = (
                    "all" if rule.endpoint in EVERYBODY
                    else "admin, manager" if rule.endpoint in MANAGERS
                    else "admin, editors" if rule.endpoint in EDITORS
                    else "admin, approvers" if rule.endpoint in APPROVERS
                    else "admin"
                )  # fmt: skip
                there[method, re.sub(r"<[^>]+>", "<>", rule.rule)] = roles
    assert documented == there
