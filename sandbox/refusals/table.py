"""The whole table."""

from __future__ import annotations

from sandbox.refusals import Refusal, sequences

TABLE: dict[str, Refusal] = {row.id: row for rows in (sequences.ROWS,) for row in rows}
"""id → row, in the order of the document."""
