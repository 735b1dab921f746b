"""docs/crm_differences.md says what the connectors say of themselves."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from app.cli.main import main
from connectors.differences import matrix, page
from connectors.pipedrive.capabilities import SCOPES, capabilities
from connectors.registry import CRMS

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs" / "crm_differences.md"


def test_the_page_is_as_the_command_makes_it(tmp_path: Path) -> None:
    made = tmp_path / "made.md"
    assert CliRunner().invoke(main, ["differences", "--output", str(made)]).exit_code == 0
    assert made.read_text(encoding="utf-8") == DOCS.read_text(encoding="utf-8"), (
        "make it again: bin/followthrough differences --output docs/crm_differences.md"
    )
    assert CliRunner().invoke(main, ["differences"]).output == page()


def test_every_crm_stands_there() -> None:
    assert set(matrix()) == set(CRMS)


@pytest.mark.parametrize("crm", CRMS)
def test_whatever_a_crm_lacks_has_a_reason_and_something_instead(crm: str) -> None:
    for those in matrix()[crm]:
        names = [one.name for one in those]
        assert len(names) == len(set(names))
        for one in those:
            assert one.label
            assert one.available or (one.why and one.instead), one.name


def test_the_app_asks_for_what_its_needed_capabilities_rest_on() -> None:
    app = json.loads((ROOT / "manifest" / "pipedrive" / "app.json").read_text(encoding="utf-8"))
    asked = app["oauth"]["scopes"]
    lacks = [one.name for one in capabilities(asked) if not one.available and one.remedy]
    assert set(lacks) == {"daily_budget", "email_content"}, "only what the docs call optional"
    assert not [one.name for one in capabilities(asked) if one.needed]
    assert set(asked) | set(app["oauth"]["optionalScopes"]) <= {*SCOPES, "base"}
