"""Findings about an installation from what the database knows of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Connection

from app.installations import doctor
from app.installations.config import from_environment
from app.installations.doctor import Finding
from app.installations.registry import WEBHOOK
from app.model.time import DAY, HOUR, MINUTE, Business, Wall
from app.store import approvals, calls, cursors, footprint, installations, people, pipelines
from app.store.engine import Store
from app.store.sets import dumps
from app.store.tables import (
    enrolments,
    inbox,
    native_enrolments,
    rule_states,
    stages,
    subjects,
    touches,
)
from app.store.tables import installations as rows
from app.store.tables import people as person_rows
from tests.installations.test_config import environment

NOW = 1_795_000_000_000
INST = 1


@pytest.fixture
def sound(store: Store) -> Store:
    """An installation that is set up, works, and was heard of a minute ago."""
    with store.write() as conn:
        installations.create(
            conn, "hubspot", "77", Wall(NOW - 30 * DAY), name="Acme", zone="Europe/Berlin",
            status="active",
        )  # fmt: skip
        people.put(
            conn, INST,
            [{"owner_id": "1", "email": "ada@x.example", "name": "Ada", "role": "admin"},
             {"owner_id": "2", "email": "mia@x.example", "name": "Mia", "role": "manager"}],
        )  # fmt: skip
        stage = {"pipeline_id": "p", "id": "s", "label": "Proposal", "position": 0,
                 "kind": "proposal"}  # fmt: skip
        pipelines.put(conn, INST, {"p": "Sales"}, [stage])
        pipelines.follow(conn, INST, "p", True)
        conn.execute(stages.update().values(confirmed=True))
        _rule(conn, mode="live")
        cursors.put(conn, INST, WEBHOOK, str(NOW - MINUTE))
    return store


def _rule(conn: Connection, **values: Any) -> None:
    conn.execute(rule_states.delete())
    conn.execute(
        rule_states.insert().values(
            installation_id=INST, rule="p/r", version_id=1, activated_at=NOW, activated_by="Ada",
            **values,
        )
    )  # fmt: skip


def _subject(conn: Connection, **values: Any) -> None:
    conn.execute(
        subjects.insert().values(
            id=1, installation_id=INST, type="deal", crm_id="9", first_type="deal", first_id="9",
            name="Big sale", pipeline_id="p", stage_id="s", **values,
        )
    )  # fmt: skip


def _enrolment(conn: Connection, state: str) -> None:
    conn.execute(
        enrolments.insert().values(
            id="e", installation_id=INST, subject_id=1, rule="p/r", definition="p/r",
            is_firing=True, version_id=1, anchor="a", anchor_at=NOW, started_at=NOW, mode="live",
            state=state,
        )
    )  # fmt: skip


def _touch(conn: Connection, **values: Any) -> None:
    _subject(conn, owner_id="1")
    _enrolment(conn, "active")
    due = {"owed_at": NOW, "due_at": NOW, "write_at": NOW, **values}
    conn.execute(
        touches.insert().values(
            id="t", installation_id=INST, enrolment_id="e", subject_id=1, step="one",
            planned_at=NOW, **due,
        )
    )  # fmt: skip


def _event(conn: Connection, wall: int, error: str | None = None) -> None:
    conn.execute(
        inbox.insert().values(
            installation_id=INST, kind="changed", object_type="deal", object_id="9",
            occurred_at=NOW, received_wall=wall, retry_wall=wall, dedupe="d", error=error,
        )
    )  # fmt: skip


def look(store: Store, now: int | None = NOW) -> list[Finding]:
    config = from_environment(environment())
    with store.read() as conn:
        row = installations.get(conn, INST)
        assert row is not None
        found = doctor.standing(
            conn, config, row, None if now is None else Business(now), Wall(NOW)
        )
    for one in found:
        assert one.what
        assert one.why
        assert one.next
        assert one.about == "Acme"
    return found


Change = Callable[[Connection], object]


def status(value: str) -> Change:
    return lambda conn: installations.change(conn, INST, status=value)


def setting(conn: Connection, **data: Any) -> None:
    installations.put_settings(conn, INST, data, Wall(NOW))


def heard(wall: int) -> Change:
    return lambda conn: cursors.put(conn, INST, WEBHOOK, str(wall))


CASES: list[tuple[str, str, Change]] = [
    ("revoked", "wrong", status("revoked")),
    ("leaving", "note", status("leaving")),
    ("left", "note", status("left")),
    ("connecting", "attention", status("connecting")),
    ("importing", "note", status("importing")),
    ("stopped", "attention", lambda c: installations.change(c, INST, stopped=True)),
    ("no_pipeline_followed", "attention", lambda c: pipelines.follow(c, INST, "p", False)),
    ("stages_unconfirmed", "attention", lambda c: c.execute(
        stages.update().values(confirmed=False))),
    ("no_admin", "attention", lambda c: people.change(c, INST, "1", role="rep")),
    ("no_manager", "attention", lambda c: people.change(c, INST, "2", role="rep")),
    ("default_owner_gone", "wrong", lambda c: setting(c, default_owner="7")),
    ("unowned", "attention", _subject),
    ("no_rule", "attention", lambda c: _rule(c, mode="off")),
    ("shadow_only", "note", lambda c: _rule(c, mode="shadow")),
    ("rule_stopped", "attention", lambda c: _rule(c, mode="live", stopped_why="loop")),
    ("waits_for_approval", "attention", lambda c: approvals.ask(c, INST, ["p/r"], NOW)),
    ("backlog", "note", lambda c: (_subject(c, owner_id="1"), _enrolment(c, "backlog"))),
    ("no_webhook", "attention", heard(0)),
    ("webhooks_silent", "attention", heard(NOW - 4 * DAY)),
    ("webhooks_refused", "wrong", lambda c: calls.refuse(c, "webhook_signature", Wall(NOW))),
    ("property_refused", "attention", lambda c: cursors.put(
        c, INST, "install_refused", dumps([["deals.x", "no scope"]]))),
    ("property_lost", "attention", lambda c: footprint.lose(c, INST, ["deals.x"])),
    ("failed_work", "attention", lambda c: _touch(c, state="failed", error="refused")),
    ("failing_events", "attention", lambda c: _event(c, NOW, "cannot be read")),
    ("inbox_waits", "attention", lambda c: _event(c, NOW - HOUR)),
    ("late", "attention", lambda c: _touch(c, state="planned", write_at=NOW - 2 * HOUR)),
    ("held_off", "note", lambda c: installations.change(c, INST, not_before_wall=NOW + 1)),
]  # fmt: skip


def test_an_installation_that_works_has_no_findings(sound: Store) -> None:
    assert look(sound) == []


@pytest.mark.parametrize(("code", "level", "change"), CASES, ids=[case[0] for case in CASES])
def test_each_trouble_alone_is_found_alone(
    sound: Store, code: str, level: str, change: Change
) -> None:
    with sound.write() as conn:
        change(conn)
    assert [(one.code, one.level) for one in look(sound)] == [(code, level)]


def test_the_names_of_unconfirmed_stages_are_told(sound: Store) -> None:
    with sound.write() as conn:
        conn.execute(stages.update().values(confirmed=False))
    (found,) = look(sound)
    assert "Proposal (Sales)" in found.what


def test_stages_of_pipelines_that_nobody_follows_need_no_confirmation(sound: Store) -> None:
    with sound.write() as conn:
        other = {"pipeline_id": "q", "id": "z", "label": "Odd", "position": 0, "kind": "new"}
        kept = {"pipeline_id": "p", "id": "s", "label": "Proposal", "position": 0, "kind": "new"}
        pipelines.put(conn, INST, {"p": "Sales", "q": "Other"}, [kept, other])
    (found,) = look(sound)
    assert (found.code, found.level) == ("pipelines_not_followed", "note")
    assert found.what == "Not followed: Other."


def test_a_webhook_that_came_in_since_clears_the_refused_ones(sound: Store) -> None:
    """Anybody may send a forged webhook: that alone is no finding about the customer's app."""
    with sound.write() as conn:
        calls.refuse(conn, "webhook_signature", Wall(NOW - HOUR))
    assert look(sound) == []


def test_without_business_time_nothing_is_called_late(sound: Store) -> None:
    with sound.write() as conn:
        _touch(conn, state="planned", write_at=NOW - 2 * HOUR)
    assert look(sound, now=None) == []


def test_a_manager_may_be_somebody_whom_reps_name(sound: Store) -> None:
    with sound.write() as conn:
        people.change(conn, INST, "2", role="rep", manager_id="1")
    assert look(sound) == []


def test_a_manager_who_left_is_none(sound: Store) -> None:
    with sound.write() as conn:
        people.change(conn, INST, "1", manager_id="2")
        conn.execute(person_rows.update().where(person_rows.c.owner_id == "2").values(active=False))
    assert [one.code for one in look(sound)] == ["no_manager"]


def test_a_fresh_connection_need_not_have_heard_anything(sound: Store) -> None:
    with sound.write() as conn:
        cursors.forget(conn, INST, WEBHOOK)
        conn.execute(rows.update().values(installed_wall=NOW - MINUTE))
    assert look(sound) == []


SENDER = f"{cursors.SENDER}9001"


def _refused(code: str, **settings: Any) -> Change:
    def change(conn: Connection) -> None:
        people.change(conn, INST, "1", user_id="9001")
        setting(conn, **{"native_sequences": True, **settings})
        cursors.put(conn, INST, SENDER, dumps([code, "ada@x.example", NOW]))

    return change


@pytest.mark.parametrize(
    ("code", "said"),
    [("native_no_seat", "has no seat"), ("native_no_inbox", "the inbox ada@x.example")],
)
def test_whom_the_crm_refused_as_a_sender_is_told_with_what_happens_instead(
    sound: Store, code: str, said: str
) -> None:
    with sound.write() as conn:
        _refused(code)(conn)
    (found,) = look(sound)
    assert (found.code, found.level) == ("cannot_send_sequences", "note")
    assert "sequences of Ada, who has" in found.what
    assert said in found.what
    assert found.why.startswith("Instead: ")


def test_whoever_was_let_through_since_or_need_not_send_is_not_told(sound: Store) -> None:
    with sound.write() as conn:
        _refused("native_no_seat")(conn)
        conn.execute(
            native_enrolments.insert().values(
                touch_id="t", installation_id=INST, enrolment_id="e", contact_id="c",
                sequence_id="s", sequence="S", sender="ada@x.example", state="ended",
                sent_at=NOW + 1, sent_wall=NOW, enrolled_at=NOW + 1,
            )
        )  # fmt: skip
    assert look(sound) == []
    with sound.write() as conn:
        conn.execute(native_enrolments.delete())
        _refused("native_no_seat", native_sequences=False)(conn)
    assert look(sound) == []
    with sound.write() as conn:
        _refused("native_no_seat")(conn)
        conn.execute(person_rows.update().where(person_rows.c.owner_id == "1").values(user_id="8"))
    assert look(sound) == [], "a user who is gone"
