"""Business time, granted by the demo and told on a progress bar."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from demo.http import Sandbox
from demo.processes import DemoError

_LOOK_S = 0.1
_COUNT_S = 1.0
_STUCK_S = 180


def play(
    sandbox: Sandbox,
    until: int,
    zone: str,
    console: Console,
    *,
    check: Callable[[], None] = lambda: None,
    count: Callable[[], int] = lambda: 0,
    stuck_after: float = _STUCK_S,
) -> None:
    """Let business time run up to `until` (ms) and wait until the app has done all due by then.

    check: raises when a server is gone; count: touches so far, for the bar. Raises DemoError when
    business time stands still for `stuck_after` seconds of the wall.
    """
    begun = sandbox.time()["now"]
    sandbox.grant(until)
    with _bar(console) as bar:
        task = bar.add_task("", total=max(1, until - begun), day=_day(begun, zone), touches="")
        last, moved, counted = begun, time.monotonic(), 0.0
        while True:
            now = int(sandbox.time()["now"])
            if now != last:
                last, moved = now, time.monotonic()
            elif time.monotonic() - moved > stuck_after:
                raise DemoError(
                    f"business time has stood at {_day(now, zone)} for {stuck_after:.0f} seconds: "
                    "the app has something left to do that it cannot finish; see its log"
                )
            if time.monotonic() - counted > _COUNT_S or now >= until:
                check()
                bar.update(
                    task, completed=min(now, until) - begun, day=_day(now, zone),
                    touches=f"{count():,} touches",
                )  # fmt: skip
                counted = time.monotonic()
            if now >= until:
                break
            time.sleep(_LOOK_S)
    _settle(sandbox, until, check, stuck_after)


def _settle(
    sandbox: Sandbox, until: int, check: Callable[[], None], stuck_after: float
) -> None:
    """Wait for the app's report at `until`: only that lets time go on to the next millisecond."""
    sandbox.grant(until + 1)
    deadline = time.monotonic() + stuck_after
    while sandbox.time()["now"] <= until:
        check()
        if time.monotonic() > deadline:
            raise DemoError("the app did not finish what was due at the end; see its log")
        time.sleep(_LOOK_S / 2)


def _bar(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.fields[day]}"),
        BarColumn(bar_width=40),
        TextColumn("{task.fields[touches]}"),
        TimeElapsedColumn(),
        console=console,
        transient=not console.is_terminal,
    )


def _day(instant: int, zone: str) -> str:
    return f"{datetime.fromtimestamp(instant / 1000, ZoneInfo(zone)):%a %d %b %Y %H:%M}"
