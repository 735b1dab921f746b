"""Playbooks as JSON: nothing is lost, and what is stored is checked when it is read."""

from __future__ import annotations

import json

import pytest

from app.playbooks.codec import from_json, json_schema, to_json
from app.playbooks.loader import load_text
from app.playbooks.presets import preset, preset_ids
from app.playbooks.problems import PlaybookError
from tests.playbooks.test_loader import EVERYTHING, GOOD

TEXTS = [GOOD, EVERYTHING]


@pytest.mark.parametrize("text", TEXTS)
def test_a_playbook_survives_the_round_trip(text: str) -> None:
    playbook = load_text(text, "file.yaml", trusting=True)
    stored = json.dumps(to_json(playbook))
    assert from_json(json.loads(stored)) == playbook
    assert json.dumps(to_json(from_json(json.loads(stored)))) == stored


def test_presets_survive_the_round_trip() -> None:
    for name in preset_ids():
        assert from_json(to_json(preset(name))) == preset(name)


def test_the_json_has_the_keys_of_the_file() -> None:
    data = to_json(load_text(GOOD, "file.yaml"))
    assert data["rules"][0]["when"] == {"stage_entered": ["proposal"]}
    assert data["rules"][0]["if"] == {"all": [{"field": "deal.amount", "op": ">=", "value": 1000}]}
    assert data["sequences"][0]["steps"][1] == {
        "id": "second",
        "at": "7d",
        "task": "email",
        "template": "mail",
        "subject": "E-mail: Which date?",
        "priority": "medium",
        "after": "entry",
        "late": "shift",
        "then": {"recycle": "90d"},
    }


def test_json_of_another_form_is_refused_with_its_field() -> None:
    data = to_json(load_text(GOOD, "file.yaml"))
    data["rules"][0]["limit"] = 0
    with pytest.raises(PlaybookError) as caught:
        from_json(data)
    assert caught.value.problems[0].field == "rules[0].limit"
    assert str(caught.value).startswith("example: rules[0].limit:")


def test_the_schema_names_the_keys_that_files_use() -> None:
    schema = json_schema()
    written = set(to_json(load_text(EVERYTHING, "x", trusting=True)))
    assert set(schema["properties"]) == written | {"momentum"}, "which is stored as its rules"
    rule = schema["$defs"]["RuleYaml"]["properties"]
    assert {"when", "if", "then", "again", "settle", "limit", "scope"} <= set(rule)
    assert schema["additionalProperties"] is False
