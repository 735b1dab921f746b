"""What a playbook would have owed, had it been live: the decisions of live work over the past.

`replay` walks the facts of many records in the order of time and asks the same functions as live
work: rules, exits, timing, guard, admission. `figures` counts what it found. Nothing here acts.

What differs from live work, because the past did not know of our tasks: every task counts as done
at the instant at which it falls due, and its doing breaks no silence.
"""

from app.decisions.backtest.figures import ASSUMPTIONS, DEFINITIONS, figures
from app.decisions.backtest.replay import replay

__all__ = ["ASSUMPTIONS", "DEFINITIONS", "figures", "replay"]
