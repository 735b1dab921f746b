"""All commands of `bin/followthrough`."""

from __future__ import annotations

import click

from app.cli.backtest import backtest
from app.cli.differences import differences
from app.cli.doctor import doctor
from app.cli.dry_run import dry_run
from app.cli.events_key import events_key
from app.cli.govern import lock, review, unlock
from app.cli.keys import keys
from app.cli.migrate import migrate
from app.cli.playbooks import presets, schema, validate
from app.cli.reschedule import reschedule
from app.cli.signin import signin
from app.cli.switch import start, stop
from app.cli.why import explain


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def main() -> None:
    """Followthrough makes sales follow-up inevitable."""


main.add_command(validate)
main.add_command(schema)
main.add_command(presets)
main.add_command(backtest)
main.add_command(differences)
main.add_command(doctor)
main.add_command(signin)
main.add_command(keys)
main.add_command(events_key)
main.add_command(stop)
main.add_command(start)
main.add_command(explain)
main.add_command(migrate)
main.add_command(reschedule)
main.add_command(dry_run)
main.add_command(review)
main.add_command(lock)
main.add_command(unlock)
