"""Settings: defaults, refusals that name the field, and their documentation."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from app.installations.config import VARIABLES
from app.installations.countries import split_country
from app.installations.settings import Settings, SettingsError, change, parse

DOCS = Path(__file__).parents[2] / "docs" / "settings.md"


def test_defaults_make_a_guard() -> None:
    guard = Settings().guard("hubspot:1", "Europe/Paris", frozenset({"p"}))
    assert guard.installation_zone == "Europe/Paris"
    assert guard.merge
    assert not guard.windows_off
    assert guard.holdout_salt == "hubspot:1"
    assert guard.followed_pipelines == frozenset({"p"})


def test_own_zone_wins_over_the_account() -> None:
    settings = parse({"zone": "Asia/Tokyo", "working_hours": False})
    guard = settings.guard("k", "Europe/Paris", frozenset(), stopped=True)
    assert guard.installation_zone == "Asia/Tokyo"
    assert guard.windows_off
    assert guard.stopped


def test_change_keeps_the_rest() -> None:
    settings = change(parse({"settle_ms": 60_000}), {"merge": False, "cap_7_days": None})
    assert (settings.settle_ms, settings.merge, settings.cap_7_days) == (60_000, False, None)


@pytest.mark.parametrize(
    ("data", "field", "right"),
    [
        ({"settle": 5}, "settle", "settle_ms"),
        ({"settle_ms": -1}, "settle_ms", "greater than or equal to 0"),
        ({"settle_ms": "soon"}, "settle_ms", "integer"),
        ({"zone": "Mars/Olympus"}, "zone", "Europe/Amsterdam"),
        ({"holidays": "Germany"}, "holidays", "DE"),
        ({"holidays": "DE-XX"}, "holidays", "BY"),
        ({"call_hours": [1020, 540]}, "call_hours", "[540, 1020]"),
        ({"holdout_percent": 80}, "holdout_percent", "50"),
        ({"backlog_per_day": 0}, "backlog_per_day", "1"),
        ({"roles": [""]}, "roles.0", "1 character"),
    ],
)
def test_refusal_names_the_field(data: dict[str, Any], field: str, right: str) -> None:
    with pytest.raises(SettingsError) as caught:
        change(Settings(), data)
    assert [problem["field"] for problem in caught.value.problems] == [field]
    assert right in caught.value.problems[0]["message"]


def test_all_problems_at_once() -> None:
    with pytest.raises(SettingsError) as caught:
        change(Settings(), {"merge": "perhaps", "zone": "X", "nonsense": 1})
    assert {p["field"] for p in caught.value.problems} == {"merge", "zone", "nonsense"}


def test_only_an_object_changes_settings() -> None:
    with pytest.raises(SettingsError, match="JSON object"):
        change(Settings(), [1])


def test_stored_settings_survive_a_round_trip() -> None:
    settings = parse({"roles": ["Decision maker"], "holidays": "US-CA"})
    assert parse(settings.model_dump(mode="json")) == settings


def test_country_with_and_without_part() -> None:
    assert split_country("DE") == ("DE", None)
    assert split_country("US-CA") == ("US", "CA")


def _documented(heading: str) -> dict[str, str]:
    section = DOCS.read_text().split(f"## {heading}", 1)[1].split("\n## ", 1)[0]
    return {
        match[1]: match[2] for match in re.finditer(r"^\| `(\w+)` \| ([^|]*) \|", section, re.M)
    }


def test_every_setting_is_documented_with_its_default() -> None:
    documented = _documented("Settings of an installation")
    assert set(documented) == set(Settings.model_fields)
    defaults = Settings().model_dump(mode="json")
    for name, shown in documented.items():
        assert shown.strip() == _shown(defaults[name]), name


def _shown(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"`{value}`" if isinstance(value, list | dict) else str(value)


def test_every_variable_is_documented() -> None:
    assert set(_documented("Environment")) == set(VARIABLES)
