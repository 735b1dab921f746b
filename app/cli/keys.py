"""`bin/followthrough keys`: fresh secrets for a server that has none yet."""

from __future__ import annotations

import secrets

import click
from cryptography.fernet import Fernet


@click.command()
def keys() -> None:
    """Print fresh values of FOLLOWTHROUGH_KEYS and SECRET_KEY, to be put into the environment.

    Make them once and keep them: with other FOLLOWTHROUGH_KEYS the stored access to every connected
    account is lost, with another SECRET_KEY everybody is signed out.
    """
    click.echo(f"FOLLOWTHROUGH_KEYS={Fernet.generate_key().decode()}")
    click.echo(f"SECRET_KEY={secrets.token_urlsafe(48)}")
