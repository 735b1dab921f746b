"""Whom and what a deed is about: how parameters are read as records, owners, users and stages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sandbox.world.account import Account
from sandbox.world.records import STAGE_FIELDS, Actor, Link, Owner, Pipeline, Record, Stage


class ActError(ValueError):
    """A deed that cannot be done as asked; `field` is the parameter at fault."""

    def __init__(self, field: str, what: str) -> None:
        super().__init__(f"{field}: {what}")
        self.field = field


class Terms:
    """Reads the parameters of deeds in one account.

    `kinds` maps a stage kind (`proposal`, `won`, …) to the id of the stage, so that a script may
    name a stage by what it means; ids and labels are understood too.
    """

    def __init__(self, account: Account, kinds: Mapping[str, str] | None = None) -> None:
        self.account = account
        self.kinds = dict(kinds or {})

    @property
    def now(self) -> int:
        return self.account.world.clock.now()

    def need(self, kind: str, field: str, record_id: str) -> Record:
        record = self.account.find(kind, str(record_id))
        if record is None:
            raise ActError(
                field,
                f"no live {kind[:-1]} {record_id!r} in account {self.account.portal_id}; "
                f"it may have been deleted, look at /crm/{self.account.portal_id}/",
            )
        return record

    def change(self, kind: str, record_id: str, fields: Mapping[str, str], user: str) -> Record:
        """Write on a live record, which the deed names by its kind: as the user, else its owner."""
        record = self.need(kind, kind[:-1], record_id)
        return self.account.update(kind, record.id, fields, self.by(user, record))

    def subject_of(self, deal: str, contact: str) -> tuple[list[Link], Record]:
        """The associations of an activity, and the record that it is chiefly about."""
        if deal:
            record = self.need("deals", "deal", deal)
            chosen = contact or next(iter(record.linked("contacts")), "")
            links = [Link("deals", record.id)]
            if chosen:
                links.append(Link("contacts", self.need("contacts", "contact", chosen).id))
            return links, record
        if not contact:
            raise ActError("deal", "give a deal or a contact")
        record = self.need("contacts", "contact", contact)
        return [Link("contacts", record.id)], record

    def person_of(self, links: list[Link]) -> Record:
        for link in links:
            if link.kind == "contacts":
                return self.need("contacts", "contact", link.id)
        raise ActError("contact", "the deal has no contact; give one or associate one first")

    def owner_of(self, owner: str) -> Owner:
        for known in self.account.owners.values():
            if str(owner) in (known.id, known.email):
                return known
        raise ActError("owner", f"{owner!r} is no owner's id or e-mail in this account")

    def any_owner(self) -> Owner:
        for owner in self.account.owners.values():
            if not owner.archived:
                return owner
        raise ActError("owner", "the account has no user; add one")

    def by(self, user: str, about: Record | None = None) -> Actor:
        """The user who acts: as given (user id, owner id or e-mail), the record's owner, or any."""
        if user:
            for known in self.account.owners.values():
                if str(user) in (str(known.user_id), known.id, known.email):
                    return Actor.user(known.user_id)
            raise ActError("user", f"{user!r} is no user of this account")
        owner = self.account.owners.get(about.get("hubspot_owner_id")) if about else None
        return Actor.user((owner or self.any_owner()).user_id)

    def stage_of(self, name: str, deal: Record | None) -> Stage:
        """A stage by id, label or kind: of the deal's pipeline, else of the first one."""
        pipelines = self.account.pipelines["deals"]
        pipeline = pipelines.get(deal.get("pipeline") if deal else "") or next(
            iter(pipelines.values())
        )
        return self.stage_in(pipeline, name)

    def stage_in(self, pipeline: Pipeline, name: str, field: str = "stage") -> Stage:
        """A live stage of a pipeline by id, label or kind."""
        wanted = self.kinds.get(name, name)
        live = [stage for stage in pipeline.stages if not stage.archived]
        for stage in live:
            if wanted in (stage.id, stage.label):
                return stage
        known = ", ".join(stage.id for stage in live)
        raise ActError(field, f"{name!r} is no stage of {pipeline.label!r}; known: {known}")

    def staged(self, kind: str) -> None:
        """Refuses a kind whose records have no pipelines."""
        if kind not in STAGE_FIELDS:
            raise ActError("kind", f"only {', '.join(STAGE_FIELDS)} have pipelines")

    def pipeline_of(self, pipeline: str, kind: str = "deals") -> Pipeline:
        """A live pipeline by id or label; without either the first one."""
        self.staged(kind)
        live = [one for one in self.account.pipelines[kind].values() if not one.archived]
        for one in live:
            if pipeline in ("", one.id, one.label):
                return one
        known = ", ".join(one.id for one in live)
        raise ActError("pipeline", f"{pipeline!r} is no pipeline of {kind}; known: {known}")

    def perform(self, verb: str, params: Mapping[str, Any], verbs: Sequence[str]) -> Any:
        """Do the deed that is called `verb` with its parameters checked."""
        if verb not in verbs:
            raise ActError("verb", f"{verb!r} is unknown; known: {', '.join(verbs)}")
        method = getattr(self, verb)
        names = method.__code__.co_varnames[1 : method.__code__.co_argcount]
        extra = set(params) - set(names)
        if extra:
            raise ActError(
                sorted(extra)[0], f"{verb} takes no such parameter; it takes {', '.join(names)}"
            )
        for name in names[: len(names) - len(method.__defaults__ or ())]:
            if params.get(name) in (None, ""):
                raise ActError(name, f"{verb} needs it")
        with self.account.world.lock:
            return method(**params)
