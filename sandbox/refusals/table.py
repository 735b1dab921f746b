"""The whole table."""

from __future__ import annotations

from sandbox.refusals import Refusal, common, install, sequences

TABLE: dict[str, Refusal] = {
    row.id: row for rows in (common.ROWS, install.ROWS, sequences.ROWS) for row in rows
}
"""id → row, in the order of the document."""
