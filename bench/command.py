"""What every bench's command line has in common."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping

import orjson

from bench.processes import BenchError

Say = Callable[[str], None]


def command(
    doc: str | None,
    run: Callable[..., Mapping[str, float]],
    **options: tuple[int | str, str],
) -> int:
    """Parse the options, run, print; the exit status.

    options: option → (default, help), a number or a word as its default is. run: takes them by
    name and `say`, for what a person reads meanwhile; what it answers is the line that `--json`
    prints instead.
    """
    parser = argparse.ArgumentParser(description=doc.splitlines()[0] if doc else None)
    parser.add_argument("--json", action="store_true", help="one line of JSON")
    for name, (default, text) in options.items():
        parser.add_argument(f"--{name}", type=type(default), default=default, help=text)
    given = vars(parser.parse_args())
    as_json = given.pop("json")

    def say(text: str) -> None:
        if not as_json:
            print(text, flush=True)

    try:
        found = run(**given, say=say)
    except BenchError as error:
        print(error, file=sys.stderr)
        return 1
    if as_json:
        print(orjson.dumps(found).decode())
    return 0
