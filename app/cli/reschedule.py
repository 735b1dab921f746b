"""`bin/followthrough reschedule`: the times of one running follow-up."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import click

from app.cli.beside import beside, instant
from app.lanes.activation import ActivationError
from app.lanes.rescheduling import change_times
from app.model.rescheduling import By, Change, JumpTo, PauseUntil, Skip, To
from app.model.time import parse_delay, to_datetime


@click.command()
@click.argument("enrolment")
@click.option("--by", "by", metavar="DELAY", help="All that is still to come so much later: 3d.")
@click.option("--to", "to", metavar="TIME", help="The next step then, the later ones with it.")
@click.option("--pause-until", metavar="TIME", help="Nothing before then; the wait does not count.")
@click.option("--skip", metavar="STEP", help="Leave this step out.")
@click.option("--jump", metavar="STEP", help="On to this step at once, leaving out those before.")
@click.option("--account", help="The account by its id in the CRM, where there are several.")
def reschedule(
    enrolment: str,
    by: str | None,
    to: str | None,
    pause_until: str | None,
    skip: str | None,
    jump: str | None,
    account: str | None,
) -> None:
    """Change the times of the follow-up with the id ENROLMENT, by exactly one of the options. A
    TIME is local to the account, such as 2026-09-21T10:00. May run beside the server.
    """
    if sum(word is not None for word in (by, to, pause_until, skip, jump)) != 1:
        raise click.UsageError("Say exactly one of --by, --to, --pause-until, --skip, --jump.")
    with beside(account) as (lanes, inst):
        zone = lanes.tenant(inst).zone
        change = _change(by, to, pause_until, skip, jump, zone)
        try:
            done = change_times(lanes, inst, enrolment, change, "cli")
        except ActivationError as error:
            raise click.ClickException(str(error)) from error
    for touch in sorted(done["touches"], key=lambda touch: touch["due_at"]):
        due = to_datetime(touch["due_at"]).astimezone(ZoneInfo(zone))
        state = touch["outcome"] or touch["state"]
        why = f" ({touch['reason']})" if touch["reason"] else ""
        click.echo(f"{touch['step']}: {state}{why}, {due:%a %-d %b %Y %H:%M}")


def _change(
    by: str | None,
    to: str | None,
    pause_until: str | None,
    skip: str | None,
    jump: str | None,
    zone: str,
) -> Change:
    if by is not None:
        try:
            return By(parse_delay(by))
        except ValueError as error:
            raise click.BadParameter(str(error), param_hint="--by") from None
    if to is not None:
        return To(instant(to, zone, "--to"))
    if pause_until is not None:
        return PauseUntil(instant(pause_until, zone, "--pause-until"))
    return Skip(skip) if skip is not None else JumpTo(jump or "")
