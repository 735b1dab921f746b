"""Findings about the server: configuration, public address, database."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.installations import doctor
from app.installations.config import from_environment
from app.store.engine import Store
from app.store.migrations import Schema, migrate, schema_of
from tests.connectors.support import Asked, ScriptedVendor
from tests.installations.test_config import environment
from tests.support.stores import new_store


def codes(**changes: str) -> dict[str, str]:
    _, found = doctor.environment(environment(**changes))
    for one in found:
        assert one.what
        assert one.why
        assert one.next
    return {one.code: one.level for one in found}


def test_a_sound_configuration_has_no_findings() -> None:
    config, found = doctor.environment(environment())
    assert config is not None
    assert found == []


def test_every_missing_variable_is_a_finding() -> None:
    config, found = doctor.environment({})
    assert config is None
    assert {one.level for one in found} == {"wrong"}
    told = " ".join(one.what for one in found)
    for name in ("FOLLOWTHROUGH_KEYS", "SECRET_KEY", "HUBSPOT_CLIENT_ID", "HUBSPOT_CLIENT_SECRET"):
        assert name in told


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"FOLLOWTHROUGH_URL": "http://followthrough.example"}, "address_not_https"),
        ({"FOLLOWTHROUGH_URL": "http://127.0.0.1:8000"}, "address_local"),
        ({"FOLLOWTHROUGH_URL": "https://10.0.0.8"}, "address_local"),
        ({"FOLLOWTHROUGH_URL": "http://localhost:8000"}, "address_local"),
        ({"RATE_MULTIPLIER": "10"}, "rate_multiplier_on_real_crm"),
    ],
)
def test_what_the_real_hubspot_cannot_work_with(changes: dict[str, str], code: str) -> None:
    assert codes(**changes) == {code: "wrong"}


def test_a_simulation_beside_the_real_hubspot_is_wrong() -> None:
    found = codes(FOLLOWTHROUGH_SIMULATION="http://127.0.0.1:8600/sandbox")
    assert found == {"simulation_on_real_crm": "wrong"}


def test_a_sandbox_may_be_local_fast_and_simulated() -> None:
    assert codes(
        FOLLOWTHROUGH_URL="http://127.0.0.1:8000",
        HUBSPOT_API_BASE="http://127.0.0.1:8600",
        FOLLOWTHROUGH_SIMULATION="http://127.0.0.1:8600/sandbox",
        RATE_MULTIPLIER="1000",
    ) == {}  # fmt: skip


@pytest.mark.parametrize(
    ("answer", "found"),
    [((200, {"ok": True}, {"Content-Type": "application/json"}), []),
     ((502, {}), ["unreachable"]),
     ((200, {}, {"Content-Type": "text/html"}), ["unreachable"])],
    ids=["served", "proxy without a server", "somebody else's page"],
)  # fmt: skip
def test_the_public_address_is_asked(answer: tuple[int, object], found: list[str]) -> None:
    def script(asked: Asked) -> tuple[int, object]:
        assert asked.path == "/healthz"
        return answer

    with ScriptedVendor(script) as server:  # type: ignore[arg-type]
        config = from_environment(environment(FOLLOWTHROUGH_URL=server.url))
        assert [one.code for one in doctor.reachable(config)] == found


def test_nobody_at_the_public_address() -> None:
    config = from_environment(environment(FOLLOWTHROUGH_URL="http://127.0.0.1:9"))
    (found,) = doctor.reachable(config)
    assert found.level == "wrong"
    assert "127.0.0.1:9" in found.what


def test_the_database_is_looked_at_and_not_made(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'none.db'}")
    assert [one.code for one in doctor.database(store)] == ["database_missing"]
    assert list(tmp_path.iterdir()) == []
    store.close()
    (tmp_path / "junk.db").write_text("no database at all, but long enough to be read" * 100)
    junk = Store(f"sqlite:///{tmp_path / 'junk.db'}")
    assert [one.code for one in doctor.database(junk)] == ["database_unreadable"]
    junk.close()


def test_the_schema_is_compared_with_the_program(tmp_path: Path) -> None:
    store = new_store("sqlite", tmp_path, migrated=False)
    with store.write():
        pass
    assert schema_of(store) is Schema.EMPTY
    assert [one.code for one in doctor.database(store)] == ["database_missing"]
    migrate(store)
    assert schema_of(store) is Schema.CURRENT
    assert doctor.database(store) == []
    with store.write() as conn:
        conn.exec_driver_sql("UPDATE alembic_version SET version_num = '0001'")
    assert schema_of(store) is Schema.OLDER
    assert [(one.code, one.level) for one in doctor.database(store)] == [
        ("database_older", "attention")
    ]
    with store.write() as conn:
        conn.exec_driver_sql("UPDATE alembic_version SET version_num = 'r9999'")
    assert [(one.code, one.level) for one in doctor.database(store)] == [
        ("database_newer", "wrong")
    ]
    store.close()
