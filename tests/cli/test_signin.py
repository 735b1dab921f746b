"""Sign-in links from the command line."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import pytest
from click.testing import CliRunner, Result

from app.cli.main import main
from app.installations import signing
from app.model.time import Wall
from app.runtime.clocks import RealClocks
from app.store import installations, people
from app.store.engine import Store
from tests.installations.test_config import environment
from tests.support.stores import new_store


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """Two accounts; Ada works in both, Ben in the second, Cleo has left."""
    store = new_store("sqlite", tmp_path)
    with store.write() as conn:
        for account, names in (("1", ("Ada",)), ("2", ("Ada", "Ben", "Cleo"))):
            inst = installations.create(conn, "hubspot", account, Wall(1), name=f"Firm {account}")
            rows = [
                {"owner_id": str(n), "email": f"{name.lower()}@x.example", "name": name,
                 "active": name != "Cleo"}
                for n, name in enumerate(names)
            ]  # fmt: skip
            people.put(conn, inst, rows)
    for name, value in environment(DATABASE_URL=f"sqlite:///{store.path}").items():
        monkeypatch.setenv(name, value)
    return store


def signin(email: str) -> Result:
    return CliRunner().invoke(main, ["signin", email])


def test_one_link_signs_in_once(store: Store) -> None:
    result = signin("Ben@x.example")
    assert result.exit_code == 0
    address = urlsplit(result.stdout.strip())
    assert address.netloc == "followthrough.example"
    token = address.path.removeprefix("/signin/")
    link = signing.use(store, token, RealClocks().wall())
    assert link is not None
    assert link.email == "ben@x.example"
    assert signing.use(store, token, RealClocks().wall()) is None


def test_somebody_in_two_accounts_gets_a_link_for_each(store: Store) -> None:
    lines = signin("ada@x.example").stdout.splitlines()
    assert [line.split(": ")[0] for line in lines] == ["Firm 1", "Firm 2"]


@pytest.mark.parametrize("email", ["cleo@x.example", "nobody@x.example"])
def test_nobody_else_gets_one(store: Store, email: str) -> None:
    result = signin(email)
    assert result.exit_code == 1
    assert email in result.stderr
    assert "check the spelling" in result.stderr


def test_without_a_database_it_is_said_what_to_do(
    store: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'none.db'}")
    result = signin("ada@x.example")
    assert result.exit_code == 1
    assert "bin/serve" in result.stderr
    assert not (tmp_path / "none.db").exists()
    monkeypatch.delenv("SECRET_KEY")
    assert "SECRET_KEY" in signin("ada@x.example").stderr
