"""Mails of deals. Pipedrive lists them deal by deal, can send none for us, and no webhook tells of
one: that somebody wrote stands in the deal's own stamps, which are looked through by polling.

A mail's id is its deal's and its own. `LATEST` in place of the second is whatever came in last: all
that is known where the grant does not let us read mail.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from app.model.time import Business
from connectors.contract import CrmRecord, Forbidden, NotFound, Page
from connectors.pipedrive.api import Api, following, v1, v2
from connectors.pipedrive.linking import primary_person
from connectors.pipedrive.records import Parser, Row, stamp
from connectors.pipedrive.tables import INCLUDED, PAGE

LATEST = "latest"
_PAST_PAGE = 50
SCOPES = frozenset({"mail:read", "mail:full"})


def latest_mail(deal: str) -> str:
    """Id that reads as the last mail that came in on a deal."""
    return f"{deal}-{LATEST}"


class Mails:
    """Mails of one account's deals, or what the deals say of them."""

    def __init__(self, api: Api, parser: Parser, granted: Callable[[], Iterable[str]]) -> None:
        self._api = api
        self._parser = parser
        self._granted = granted

    def readable(self) -> bool:
        return bool(SCOPES & set(self._granted()))

    def read(self, ids: Sequence[str]) -> list[CrmRecord]:
        """Mails by id; ids of anything else are passed over."""
        wanted: dict[str, set[str]] = {}
        for id in ids:
            deal, mark, mail = id.partition("-")
            if mark:
                wanted.setdefault(deal, set()).add(mail)
        readable = self.readable()
        found: dict[str, CrmRecord] = {}
        for deal, mails in wanted.items():
            there = self.of_deal(deal) if readable else []
            found |= {one.id: one for one in there if one.id.partition("-")[2] in mails}
            if LATEST in mails:
                came = [one for one in there if one.fields.get("direction") == "in"]
                last = max(came, key=_at) if came else self._told(deal)
                found |= {last.id: last} if last is not None else {}
        return list(found.values())

    def of_deal(self, deal: str) -> list[CrmRecord]:
        """All mails of a deal that the user who connected may see."""
        path = f"{v1('deals', deal)}/mailMessages"
        try:
            rows = list(self._api.listed(path, {"limit": PAGE}))
        except (Forbidden, NotFound):
            return []
        return [self._record(deal, row.get("data") or row) for row in rows]

    def changed_since(self, since: Business, after: str | None, *, past: bool = False) -> Page:
        """Mails since then of the open deals of one page; past: of the closed ones too.

        All of them are looked through, 500 for ten tokens: whether a mail moves the time of a
        deal's last change is not documented. Where many have mail in a long time, which costs
        twenty tokens a deal, a page is short, so that little is read again after the day's end.
        """
        query: dict[str, Any] = {
            "sort_by": "id",
            "include_fields": INCLUDED["deal"],
            "limit": _PAST_PAGE if past else PAGE,
            **({"cursor": after} if after else {}),
            **({} if past else {"status": "open"}),
        }
        answer = self._api.call("GET", v2("deals"), query=query)
        readable = self.readable()
        found: list[CrmRecord] = []
        for deal in answer.get("data") or ():
            came, went = (stamp(deal.get(f"last_{way}_mail_time")) or 0
                          for way in ("incoming", "outgoing"))  # fmt: skip
            if readable and max(came, went) >= since:
                found += [mail for mail in self.of_deal(str(deal["id"])) if _at(mail) >= since]
            elif came >= since:
                found.append(self._last(deal, came))
        return Page(found, following(answer).get("cursor"))

    def _told(self, deal: str) -> CrmRecord | None:
        """The last mail that came in, as far as the deal tells of it."""
        try:
            query = {"include_fields": INCLUDED["deal"]}
            row: Row = self._api.call("GET", v2("deals", deal), query=query)["data"]
        except NotFound:
            return None
        came = stamp(row.get("last_incoming_mail_time"))
        return self._last(row, came) if came else None

    def _last(self, deal: Row, came: int) -> CrmRecord:
        id, person = str(deal["id"]), primary_person(deal)
        made = CrmRecord(
            "email", latest_mail(id), {"direction": "in", "at": came}, Business(came),
            Business(came),
        )  # fmt: skip
        made.associations = {"deal": [id], "contact": [person] if person else []}
        return made

    def _record(self, deal: str, mail: Row) -> CrmRecord:
        record = self._parser.record("email", {**mail, "id": f"{deal}-{mail['id']}"})
        far = mail.get("to") if record.fields.get("direction") == "out" else mail.get("from")
        people = [str(one["linked_person_id"]) for one in far or () if one.get("linked_person_id")]
        record.associations = {"deal": [deal], "contact": list(dict.fromkeys(people))}
        return record


def _at(mail: CrmRecord) -> int:
    return int(mail.fields.get("at") or 0)
