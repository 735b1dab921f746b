"""Fresh secrets with which a server starts."""

from __future__ import annotations

from click.testing import CliRunner

from app.cli.main import main
from app.installations.config import from_environment
from tests.installations.test_config import environment


def test_the_printed_lines_are_an_environment_to_start_with() -> None:
    made = [CliRunner().invoke(main, ["keys"]).stdout for _ in range(2)]
    values = dict(line.split("=", 1) for line in made[0].splitlines())
    assert set(values) == {"FOLLOWTHROUGH_KEYS", "SECRET_KEY"}
    assert from_environment(environment(**values)).secret_key == values["SECRET_KEY"]
    assert made[0] != made[1]
