"""What the loader lets pass, decisions understand."""

from __future__ import annotations

import pytest

from app.decisions.conditions import compile_condition
from app.model.playbook import Compare
from app.model.records import ContactView, SubjectView
from app.model.time import Business
from app.model.vocabulary import StageKind, SubjectType
from app.playbooks.fields import CONDITION_FIELDS
from app.playbooks.presets import preset

AT = Business(1_800_000_000_000)
CONTACT = ContactView("1", name="Ada", email="ada@example.com", zone="Europe/Berlin")
DEAL = SubjectView(
    id=1,
    type=SubjectType.DEAL,
    crm_id="7",
    first_seen=("deal", "7"),
    name="Engines",
    pipeline="default",
    stage_id="s1",
    stage_kind=StageKind.PROPOSAL,
    stage_entered_at=AT,
    owner_id="9",
    amount=5.0,
    currency="EUR",
    created_at=AT,
    last_activity_at=AT,
    last_reply_at=AT,
    next_meeting_at=AT,
    contacts=(CONTACT,),
    fields={"quote_status": "sent"},
)


@pytest.mark.parametrize("field", CONDITION_FIELDS)
def test_every_field_of_conditions_is_read_from_the_record(field: str) -> None:
    assert compile_condition(Compare(field, "known"))(DEAL, AT, "Europe/Berlin")


@pytest.mark.parametrize(
    ("kind", "idle"),
    [
        (StageKind.QUALIFIED, True),
        (StageKind.PROPOSAL, True),
        (StageKind.NEW, False),
        (StageKind.WON, False),
        (StageKind.IGNORED, False),
    ],
)
def test_idle_rules_look_at_open_working_stages_only(kind: StageKind, idle: bool) -> None:
    deal = SubjectView(1, SubjectType.DEAL, "7", ("deal", "7"), stage_kind=kind)
    for rule in preset("idle-deal").rules:
        assert compile_condition(rule.condition)(deal, AT, "Europe/Berlin") is idle


def test_a_form_counts_for_contacts_without_a_deal_only() -> None:
    form = {rule.id: rule for rule in preset("inbound-lead").rules}["lead-form"]
    contact = SubjectView(1, SubjectType.CONTACT, "7", ("contact", "7"))
    assert compile_condition(form.condition)(contact, AT, "Europe/Berlin")
    assert not compile_condition(form.condition)(DEAL, AT, "Europe/Berlin")
