"""`bin/followthrough signin`: a sign-in link where no mail is set up."""

from __future__ import annotations

import click

from app.cli.opened import opened
from app.installations import signing
from app.runtime.clocks import RealClocks


@click.command()
@click.argument("email")
def signin(email: str) -> None:
    """Print a sign-in link for the active CRM user with the address EMAIL.

    The link works once, within a day. One line for each connected account that has such a user.
    Run it in the server's environment, with the server running or not.
    """
    with opened() as (config, store):
        try:
            links = signing.everywhere(store, config, email, RealClocks().wall())
        except signing.NoSuchPerson as error:
            raise click.ClickException(f"{error}.") from error
    for name, link in links:
        click.echo(f"{name}: {link}" if len(links) > 1 else link)
