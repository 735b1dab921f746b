"""Backtests: a playbook over what has happened, before it is activated. Nothing is written, but
that more of an account's past is wanted where somebody asks for it.

Two sources of the past, one judgement: the mirror of an installation with the CRM's own record of
activity (`mirrored`), and a pipeline in CSV files (`files`).
"""

from app.lanes.backtest.report import DAYS, BacktestError

__all__ = ["DAYS", "BacktestError"]
