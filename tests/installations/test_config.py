"""The process's configuration: complete, or every problem at once."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.fernet import Fernet

from app.installations.config import VARIABLES, ConfigError, from_environment
from connectors.config import NAMES


def environment(**changes: str) -> dict[str, str]:
    env = {
        "FOLLOWTHROUGH_URL": "https://followthrough.example/",
        "FOLLOWTHROUGH_KEYS": Fernet.generate_key().decode(),
        "SECRET_KEY": "k" * 40,
        "HUBSPOT_CLIENT_ID": "id",
        "HUBSPOT_CLIENT_SECRET": "very secret",
    }
    return {**env, **changes}


def test_defaults() -> None:
    config = from_environment(environment())
    assert config.url == "https://followthrough.example"
    assert config.redirect_uri("hubspot") == "https://followthrough.example/oauth/hubspot/callback"
    assert config.webhook_url("hubspot") == "https://followthrough.example/webhooks/hubspot"
    assert config.vendor("hubspot").api_base == "https://api.hubapi.com"
    assert config.vendor("hubspot").rate_multiplier == 1.0
    assert config.simulation is None
    assert config.database_url.startswith("sqlite:///")


def test_everything_may_be_set() -> None:
    config = from_environment(
        environment(
            FOLLOWTHROUGH_SIMULATION="http://127.0.0.1:8600/",
            HUBSPOT_API_BASE="http://127.0.0.1:8600/",
            RATE_MULTIPLIER="50",
            DATABASE_URL="postgresql://u@h/d",
        )
    )
    assert config.simulation == "http://127.0.0.1:8600"
    assert config.vendor("hubspot").api_base == "http://127.0.0.1:8600"
    assert config.vendor("hubspot").rate_multiplier == 50
    assert config.database_url == "postgresql://u@h/d"


def test_all_problems_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        from_environment({})
    text = str(caught.value)
    for name in ("FOLLOWTHROUGH_KEYS", "SECRET_KEY", "HUBSPOT_CLIENT_ID", "HUBSPOT_CLIENT_SECRET"):
        assert name in text
    assert len(caught.value.problems) == 4


@pytest.mark.parametrize(
    ("name", "value", "right"),
    [
        ("FOLLOWTHROUGH_URL", "followthrough", "https://followthrough.example.com"),
        ("FOLLOWTHROUGH_KEYS", "short", "followthrough keys"),
        ("SECRET_KEY", "short", "32 characters"),
        ("RATE_MULTIPLIER", "0.5", "1 or more"),
        ("RATE_MULTIPLIER", "nan", "1 or more"),
        ("HUBSPOT_API_BASE", "ftp://x", "web address"),
    ],
)
def test_problem_names_the_variable_and_what_is_right(name: str, value: str, right: str) -> None:
    with pytest.raises(ConfigError) as caught:
        from_environment(environment(**{name: value}))
    assert len(caught.value.problems) == 1
    assert name in caught.value.problems[0]
    assert right in caught.value.problems[0]


def test_secrets_stay_out_of_repr() -> None:
    key = Fernet.generate_key().decode()
    config = from_environment(environment(FOLLOWTHROUGH_KEYS=key))
    shown = repr(config)
    for secret in (key, "very secret", "k" * 40):
        assert secret not in shown


def test_every_variable_read_is_listed() -> None:
    read: set[str] = set()

    class Watched(dict[str, str]):
        def get(self, key: str, default: Any = None) -> Any:
            read.add(key)
            return super().get(key, default)

    every = {f"{crm.upper()}_CLIENT_{name}": "x" for crm in NAMES for name in ("ID", "SECRET")}
    simulated = environment(FOLLOWTHROUGH_SIMULATION="http://127.0.0.1:1", **every)
    from_environment(Watched(simulated))
    assert read == set(VARIABLES)


def test_a_crm_is_offered_where_its_app_is_registered() -> None:
    config = from_environment(environment())
    assert list(config.vendors) == ["hubspot"]
    with pytest.raises(KeyError):
        config.vendor("salesforce")
    env = environment(SALESFORCE_CLIENT_ID="key", SALESFORCE_CLIENT_SECRET="s", RATE_MULTIPLIER="9")
    del env["HUBSPOT_CLIENT_ID"], env["HUBSPOT_CLIENT_SECRET"]
    config = from_environment(env)
    assert list(config.vendors) == ["salesforce"]
    vendor = config.vendor("salesforce")
    assert (vendor.client_id, vendor.app_base) == ("key", "https://login.salesforce.com")
    assert vendor.rate_multiplier == 9
    assert config.real("salesforce")


@pytest.mark.parametrize(
    ("given", "missing"),
    [("PIPEDRIVE_CLIENT_ID", "PIPEDRIVE_CLIENT_SECRET"),
     ("PIPEDRIVE_CLIENT_SECRET", "PIPEDRIVE_CLIENT_ID")],
)  # fmt: skip
def test_half_a_registration_is_a_problem(given: str, missing: str) -> None:
    with pytest.raises(ConfigError, match=f"{missing} is not set"):
        from_environment(environment(**{given: "x"}))
