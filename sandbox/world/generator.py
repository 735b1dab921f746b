"""Makes an account of any size from a seed: users, contacts, deals with a past, and their future.

Reps sit in three zones, Berlin and New York among them, whose clocks change inside the default
weeks; one rep has neither zone nor working hours on record. Deals have no, one or several
contacts, some shared; some have no owner, some no amount. Contacts without a deal arrive by form.
"""

from __future__ import annotations

import random
from typing import Any

from sandbox.world import generator_details as details
from sandbox.world import letters
from sandbox.world.account import Account
from sandbox.world.generator_people import add_sequences, add_users, company_name, person
from sandbox.world.generator_shares import Shares, usual_shares
from sandbox.world.people import People
from sandbox.world.people_cast import Cast
from sandbox.world.plan import (
    OPEN_KINDS,
    STOPS,
    Life,
    Step,
    deal_life,
    lead_life,
    past_entries,
    stop_life,
)
from sandbox.world.plan_draws import DAY, HOUR, MINUTE, draw
from sandbox.world.records import (
    SEATED_TIERS,
    Actor,
    Link,
    Owner,
    Record,
)
from sandbox.world.store import World
from sandbox.world.traces import LEAD_STATUS, NEW_LEAD
from sandbox.world.ways import LEADS_ARE_PEOPLE, USERS_WITHOUT_HOURS

DEFAULT_START = 1_791_784_800_000
"""2026-10-12 06:00 UTC: four weeks from here cross Europe's change of clocks (25 October) and that
of the United States (1 November)."""

WEEK = 7 * DAY
KINDS = (*OPEN_KINDS, "won", "lost")

_OFFER = ("starter plan", "renewal", "team licences", "rollout", "pilot", "expansion")
_SLUGS = ("europe_slash_berlin", "america_slash_new_york", "asia_slash_tokyo", "")
_RATES = {"EUR": 1.0, "USD": 0.92, "GBP": 1.17}


def generate(
    world: World,
    people: People,
    *,
    seed: int = 1,
    deals: int = 200,
    start: int = DEFAULT_START,
    weeks: float = 4,
    portal_id: int = 4_242_001,
    tier: str = "",
    pipelines: int = 1,
    crm: str = "hubspot",
    shares: Shares | None = None,
) -> Account:
    """A new account of `deals` deals, with its people's lives on the agenda from `start` on.

    All of them are in the first of its `pipelines`; the others have a few of their own beside.

    Raises ValueError when the portal id is taken or a size is not positive.
    """
    if deals < 1 or weeks <= 0 or pipelines < 1:
        raise ValueError("deals, weeks and pipelines must be positive; ask for at least one deal")
    home = {"timezone": "Europe/Berlin", "currency": "EUR"}
    account = world.add_account(portal_id, f"Northwind {seed}", tier=tier, crm=crm, **home)
    account.rates.update({code: rate for code, rate in _RATES.items() if code != account.currency})
    with world.lock:
        maker = _Maker(account, people, seed, start, weeks, shares or usual_shares(weeks, crm))
        return maker.make(deals, pipelines)


class _Maker:
    def __init__(
        self, account: Account, people: People, seed: int, start: int, weeks: float, shares: Shares
    ) -> None:
        self.account = account
        self.people = people
        self.seed = seed
        self.start = start
        self.end = start + round(weeks * WEEK)
        self.shares = shares
        stages = next(iter(account.pipelines["deals"].values())).stages
        kinds = {kind: stage.id for kind, stage in zip(KINDS, stages, strict=True)}
        self.cast: Cast = people.start(account, seed, kinds)
        self.reps: list[Owner] = []
        self.last_contact: Record | None = None
        self.inbound: dict[str, Record] = {}
        """Name of a lead that came before the start → its contact."""

    def make(self, deals: int, pipelines: int) -> Account:
        self.reps = add_users(self.account, self.start, max(6, deals // 25))
        self.cast.state["reps"] = [owner.id for owner in self.reps]
        later = round(deals * self.shares.later)
        per_stop = max(1, round(deals / 66))
        stops = [stop for _ in range(per_stop) for stop in STOPS][: deals - later]
        for index in range(deals):
            name = f"deal-{index + 1:05d}"
            rng = draw(self.seed, name, "made")
            if index < len(stops):
                self._deal(name, rng, "meeting_done", stops[index])
            elif index < deals - later:
                kind = rng.choices(KINDS, self.shares.stages)[0]
                self._deal(name, rng, kind, None)
            else:
                self._later_deal(name, rng)
        for index in range(round(deals * self.shares.leads_per_deal) or 1):
            name = f"lead-{index + 1:05d}"
            self._lead(name, draw(self.seed, name, "made"), arrived=index % 6 == 5)
        details.buying_roles(self.account, self.seed)
        details.leads(self.account, self.seed, self.inbound)
        details.further_pipelines(
            self.account, self.seed, self.start, self.reps, deals, pipelines - 1
        )
        if self.account.tier in SEATED_TIERS or self.account.crm == "salesforce":
            add_sequences(self.account, self.reps)
        return self.account

    # --- deals -------------------------------------------------------------------------------

    def _deal(self, name: str, rng: random.Random, kind: str, stop: str | None) -> None:
        """A deal that is there at the start, with its past and its plan."""
        rep = rng.choice(self.reps)
        hours = self.cast.hours(rep.id)
        created, entries = past_entries(rng, kind, self.start, hours)
        by = Actor.user(rep.user_id)
        fields, unowned = self._fields(name, rng, rep)
        if stop is None and unowned:
            fields["hubspot_owner_id"] = ""
        contacts = self._contacts(name, rng, rep, created, own=stop is not None)
        company = self._company(name, rng, by, created, contacts)
        fields["dealstage"] = self.cast.state["kinds"][entries[0][0]]
        links = [Link("contacts", contact.id) for contact in contacts]
        if len(links) > 1 and rng.random() < self.shares.labelled:
            links[0] = links[0]._replace(labels=("", "Decision maker"))
        links.append(Link("companies", company.id, ("", "primary")))
        deal = self.account.create("deals", fields, by, links, at=created)
        for stage, at in entries[1:]:
            moved = {"dealstage": self.cast.state["kinds"][stage]}
            self.account.update("deals", deal.id, moved, by, at=at)
        self._past_activity(rng, deal, contacts, by, created)
        if stop is not None:
            life = stop_life(stop, rng, self.start, hours)
        else:
            life = deal_life(self.seed, name, kind, self.start, self.end, hours)
        self.cast.know(name, deal, life)
        self.people.schedule(self.cast, name, life)

    def _later_deal(self, name: str, rng: random.Random) -> None:
        """A deal that a rep enters during the weeks."""
        rep = rng.choice(self.reps)
        hours = self.cast.hours(rep.id)
        at = hours.some_time(rng, self.start, rng.uniform(0, 0.85) * (self.end - self.start) / DAY)
        fields, unowned = self._fields(name, rng, rep)
        stage = "qualified" if rng.random() < 0.25 else "new"
        self.cast.state["arrivals"][name] = {
            "deal": {
                "name": fields["dealname"],
                "stage": stage,
                "amount": fields["amount"],
                "owner": "" if unowned else rep.id,
                "user": str(rep.user_id),
            },
            "contact": None
            if rng.random() < self.shares.no_contact
            else {**person(name, 0, rng), "owner": rep.id, "user": str(rep.user_id)},
        }
        life = deal_life(self.seed, name, stage, at, self.end, hours, arrives=True)
        late = draw(self.seed, name, "late")
        if self.cast.state["arrivals"][name]["contact"] and late.random() < self.shares.linked_late:
            # Mostly the two are joined within seconds of being made; sometimes a rep enters the
            # deal alone and the person only later.
            alone = late.random() < 0.3
            delay = late.uniform(180, 2400) if alone else late.uniform(3, 100)
            self.cast.state["arrivals"][name]["late"] = "alone" if alone else "apart"
            life.steps.insert(0, Step(at + round(delay * 1000), "link_contact"))
        life.steps.insert(0, Step(at, "arrive"))
        self.cast.state["habits"][name] = (life.habit, life.silent)
        self.people.schedule(self.cast, name, life)

    def _fields(self, name: str, rng: random.Random, rep: Owner) -> tuple[dict[str, str], bool]:
        currency = "EUR"
        if rng.random() < self.shares.other_currency:
            currency = rng.choice(("USD", "GBP"))
        amount = rng.randint(6, 600) * 100
        known = rng.random() >= self.shares.no_amount
        number = int(name.split("-")[1])
        title = f"{company_name(number)} {rng.choice(_OFFER)} {number}"
        fields = {
            "dealname": title,
            "amount": str(amount) if known else "",
            "deal_currency_code": currency,
            "dealtype": rng.choice(("newbusiness", "existingbusiness")),
            "hubspot_owner_id": rep.id,
            "closedate": str(self.start + rng.randint(5, 70) * DAY),
        }
        return fields, rng.random() < self.shares.unowned

    def _contacts(
        self, name: str, rng: random.Random, rep: Owner, at: int, *, own: bool
    ) -> list[Record]:
        many = rng.random()
        if many < self.shares.no_contact:
            count = 0
        elif many < self.shares.no_contact + self.shares.several_contacts:
            count = rng.randint(2, 3)
        else:
            count = 1
        share = rng.random() < self.shares.shared_contact
        by = Actor.user(rep.user_id)
        made: list[Record] = []
        for index in range(1 if own else count):
            fields = person(name, index, rng)
            fields["hubspot_owner_id"] = rep.id
            slug = rng.choice(_SLUGS)
            fields["hs_timezone"] = "" if self.account.crm in USERS_WITHOUT_HOURS else slug
            made.append(self.account.create("contacts", fields, by, at=at - HOUR))
        if share and not own and self.last_contact is not None and made:
            made.append(self.last_contact)
        # Deals dealt out to a certain end have one contact, and to themselves: another deal's
        # opt-out or reply must not end theirs first, and whom to write to must not be in doubt.
        if made and not own:
            self.last_contact = made[0]
        return made

    def _company(
        self, name: str, rng: random.Random, by: Actor, at: int, contacts: list[Record]
    ) -> Record:
        fields = {
            "name": company_name(int(name.split("-")[1])),
            "domain": f"{name}.example.com",
            "country": rng.choice(("Germany", "United States", "Japan")),
        }
        fields["state"] = details.STATES.get(fields["country"], "")
        if self.account.crm not in USERS_WITHOUT_HOURS:
            fields["timezone"] = details.ZONES.get(fields["country"], "")
        links = [Link("contacts", contact.id, ("", "primary")) for contact in contacts]
        return self.account.create("companies", fields, by, links, at=at - HOUR)

    def _past_activity(
        self, rng: random.Random, deal: Record, contacts: list[Record], by: Actor, created: int
    ) -> None:
        links = [Link("deals", deal.id)] + [Link("contacts", c.id) for c in contacts[:1]]
        words = draw(self.seed, deal.get("dealname"), "words")  # apart: it changes nothing else
        for _ in range(rng.choice((0, 0, 1, 1, 2, 3))):
            at = created + int(rng.random() * (self.start - created))
            fields = {
                "hs_timestamp": str(at),
                "hs_call_title": "Call",
                "hs_call_direction": "OUTBOUND",
                "hs_call_status": rng.choice(("COMPLETED", "NO_ANSWER")),
                "hs_call_duration": str(rng.randint(1, 20) * MINUTE),
                "hubspot_owner_id": deal.get("hubspot_owner_id"),
            }
            if fields["hs_call_status"] == "COMPLETED" and (said := letters.notes(words)):
                fields["hs_call_body"] = said
            self.account.create("calls", fields, by, links, at=at)

    # --- leads -------------------------------------------------------------------------------

    def _lead(self, name: str, rng: random.Random, *, arrived: bool) -> None:
        """A contact without a deal: came by form before the start, or comes during the weeks."""
        rep = rng.choice(self.reps)
        hours = self.cast.hours(rep.id)
        who: dict[str, Any] = {**person(name, 0, rng), "owner": rep.id}
        who["form"] = rng.choice(("Contact us", "Demo request", "Whitepaper"))
        self.cast.state["arrivals"][name] = who
        at = self.start + int(rng.random() * (self.end - self.start) * 0.8)
        if arrived:
            at = self.start - round(rng.uniform(1, 20) * DAY)
            self._arrived_lead(name, who, at)
            life = lead_life(self.seed, name, self.start, self.end, hours)
        else:
            life = lead_life(self.seed, name, at, self.end, hours)
            life.steps.insert(0, Step(at, "submit_form", by="form"))
        self.cast.state["habits"][name] = (life.habit, life.silent)
        self.people.schedule(self.cast, name, life)

    def _arrived_lead(self, name: str, who: dict[str, Any], at: int) -> None:
        fields = {key: who[key] for key in ("email", "firstname", "lastname", "company")}
        fields |= {
            "hubspot_owner_id": who["owner"],
            "lifecyclestage": "lead",
            "recent_conversion_date": str(at),
            "recent_conversion_event_name": who["form"],
            "first_conversion_date": str(at),
            "num_conversion_events": "1",
        }
        if self.account.crm in LEADS_ARE_PEOPLE:
            fields[LEAD_STATUS] = NEW_LEAD
        record = self.account.create("contacts", fields, Actor("FORM", "website"), at=at)
        self.cast.know(name, record, Life())
        self.inbound[name] = record
