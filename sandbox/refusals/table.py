"""The whole table."""

from __future__ import annotations

from sandbox.refusals import (
    Refusal,
    common,
    install,
    objects,
    pipedrive,
    salesforce,
    schema,
    sequences,
)

PARTS: tuple[tuple[str, tuple[Refusal, ...]], ...] = (
    ("Installing", install.ROWS),
    ("Any call", common.ROWS),
    ("Records, values, associations", objects.ROWS),
    ("Search, definitions, pipelines, owners", schema.ROWS),
    ("Sequences and preferences", sequences.ROWS),
    *pipedrive.PARTS,
    *salesforce.PARTS,
)
"""(heading, rows) in the order of the document."""

TABLE: dict[str, Refusal] = {row.id: row for _, rows in PARTS for row in rows}
"""id → row."""
