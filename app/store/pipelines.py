"""Pipelines and stages as the CRM has them, and what the admin confirmed of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, RowMapping, select, tuple_, update

from app.model.vocabulary import StageKind
from app.store import sets
from app.store.tables import pipelines, stages

_STAGE = ("installation_id", "pipeline_id", "id")


def put(
    conn: Connection,
    installation_id: int,
    found: Mapping[str, str],
    rows: Sequence[Mapping[str, Any]],
) -> None:
    """Store what the CRM has. What an admin decided stays: followed, and the kind once confirmed.

    found: pipeline id → label. rows: stages with pipeline_id, id, label, position and the proposed
    kind. Stages that the CRM no longer has are marked archived.
    """
    labels = [
        {"installation_id": installation_id, "id": key, "label": label}
        for key, label in found.items()
    ]
    sets.upsert(conn, pipelines, labels, ("installation_id", "id"))
    conn.execute(
        update(stages).where(stages.c.installation_id == installation_id).values(archived=True)
    )
    full = [
        {
            "installation_id": installation_id,
            "pipeline_id": row["pipeline_id"],
            "id": row["id"],
            "label": row["label"],
            "position": row["position"],
            "kind": row["kind"],
            "archived": False,
        }
        for row in rows
    ]
    sets.upsert(conn, stages, full, _STAGE, ("label", "position", "archived"))
    proposed = [
        {**{name: row[name] for name in _STAGE}, "kind": row["kind"], "confirmed": False}
        for row in full
    ]
    sets.update_many(conn, stages, (*_STAGE, "confirmed"), proposed)


def read(conn: Connection, installation_id: int) -> list[RowMapping]:
    """Pipelines: id, label, followed."""
    query = select(pipelines).where(pipelines.c.installation_id == installation_id)
    return list(conn.execute(query.order_by(pipelines.c.label, pipelines.c.id)).mappings())


def read_stages(conn: Connection, installation_id: int) -> list[RowMapping]:
    """Stages of all pipelines in their order, archived ones included."""
    query = (
        select(stages)
        .where(stages.c.installation_id == installation_id)
        .order_by(stages.c.pipeline_id, stages.c.position, stages.c.id)
    )
    return list(conn.execute(query).mappings())


def follow(conn: Connection, installation_id: int, pipeline_id: str, followed: bool) -> bool:
    """Switch a pipeline on or off; False when there is none with this id."""
    query = (
        update(pipelines)
        .where(pipelines.c.installation_id == installation_id, pipelines.c.id == pipeline_id)
        .values(followed=followed)
    )
    return conn.execute(query).rowcount == 1


def confirm(
    conn: Connection, installation_id: int, kinds: Mapping[tuple[str, str], StageKind]
) -> list[tuple[str, str]]:
    """Confirm (pipeline id, stage id) → kind; returns those stages that do not exist.

    Nothing is changed when one does not exist.
    """
    known = set(
        conn.execute(
            select(stages.c.pipeline_id, stages.c.id).where(
                stages.c.installation_id == installation_id,
                tuple_(stages.c.pipeline_id, stages.c.id).in_(list(kinds)),
            )
        )
    )
    missing = [key for key in kinds if key not in known]
    if not missing:
        rows = [
            {
                "installation_id": installation_id,
                "pipeline_id": pipeline,
                "id": stage,
                "kind": kind.value,
                "confirmed": True,
            }
            for (pipeline, stage), kind in kinds.items()
        ]
        sets.update_many(conn, stages, _STAGE, rows)
    return missing


def kinds(conn: Connection, installation_id: int) -> dict[tuple[str, str], StageKind]:
    """(pipeline id, stage id) → kind, by which the product acts.

    Stages not confirmed and pipelines not followed are `ignored`.
    """
    query = (
        select(stages.c.pipeline_id, stages.c.id, stages.c.kind, stages.c.confirmed,
               pipelines.c.followed)
        .join(
            pipelines,
            (pipelines.c.installation_id == stages.c.installation_id)
            & (pipelines.c.id == stages.c.pipeline_id),
        )
        .where(stages.c.installation_id == installation_id)
    )  # fmt: skip
    return {
        (row.pipeline_id, row.id): StageKind(row.kind)
        if row.confirmed and row.followed
        else StageKind.IGNORED
        for row in conn.execute(query)
    }


def labels(conn: Connection, installation_id: int, ids: Iterable[str]) -> dict[str, str]:
    """stage id → label."""
    query = select(stages.c.id, stages.c.label).where(
        stages.c.installation_id == installation_id, stages.c.id.in_(list(ids))
    )
    return {row.id: row.label for row in conn.execute(query)}
