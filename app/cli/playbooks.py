"""Commands on playbook files; none of them needs a server or a database."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from app.installations.settings import parse
from app.playbooks.advice import limits_of
from app.playbooks.codec import json_schema
from app.playbooks.loader import advice_on, load_file
from app.playbooks.presets import preset, preset_ids, preset_text
from app.playbooks.problems import PlaybookError


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--field",
    "fields",
    multiple=True,
    metavar="NAME=TYPE",
    help="A mapped field that the files may use, such as deal.contract_end=date.",
)
def validate(files: tuple[Path, ...], fields: tuple[str, ...]) -> None:
    """Check playbook FILES.

    Every mistake is printed with file, line, column, field and what would be right. The exit status
    is 1 if there is any. What is only odd is printed as a warning, against the limits that a new
    account has. What a file says it `needs` is taken for mapped; name other fields of an account by
    --field.
    """
    sound = True
    known = {name: type or "text" for name, _, type in (f.partition("=") for f in fields)}
    for file in files:
        try:
            playbook = load_file(file, known, trusting=True)
        except PlaybookError as error:
            sound = False
            for problem in error.problems:
                click.echo(str(problem), err=True)
        except OSError as error:
            sound = False
            reason = error.strerror or error
            click.echo(f"{file}: cannot be read: {reason}; check the path", err=True)
        else:
            rules, sequences = len(playbook.rules), len(playbook.sequences)
            click.echo(f"{file}: sound; {rules} rules, {sequences} sequences")
            text = file.read_text(encoding="utf-8")
            for warning in advice_on(playbook, text, str(file), limits_of(parse({}))):
                click.echo(f"warning: {warning}", err=True)
    if not sound:
        sys.exit(1)


@click.command()
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write to this file instead of standard output.",
)
def schema(output: Path | None) -> None:
    """Print the JSON Schema of playbook files.

    Editors complete and check by it; the presets name it in their first line.
    """
    text = json.dumps(json_schema(), indent=2, sort_keys=True) + "\n"
    if output is None:
        click.echo(text, nl=False)
    else:
        output.write_text(text, encoding="utf-8")


@click.command()
@click.argument("name", required=False)
def presets(name: str | None) -> None:
    """List the presets, or print the YAML of the preset NAME to start a playbook from."""
    if name is None:
        for item in preset_ids():
            lacks = ", ".join(need.field for need in preset(item).needs)
            told = f" (needs your data: {lacks})" if lacks else ""
            click.echo(f"{item:<20} {preset(item).title}{told}")
        return
    try:
        click.echo(preset_text(name), nl=False)
    except KeyError as error:
        raise click.BadParameter(str(error.args[0]), param_hint="NAME") from error
