"""`bin/followthrough differences`: what the CRMs differ in."""

from __future__ import annotations

from pathlib import Path

import click

from connectors.differences import page


@click.command()
@click.option(
    "--output", type=click.Path(path_type=Path, dir_okay=False),
    help="Write to this file; printed otherwise.",
)  # fmt: skip
def differences(output: Path | None) -> None:
    """Print what the CRMs lack and what is done instead, as docs/crm_differences.md has it."""
    if output is None:
        click.echo(page(), nl=False)
    else:
        output.write_text(page(), encoding="utf-8")
