"""What a generated account has beside its deals: buying roles, leads, further pipelines.

Drawn from a stream of its own, so that none of it shifts what is drawn for the deals.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sandbox.world.account import Account
from sandbox.world.plan_draws import DAY, HOUR, draw
from sandbox.world.records import (
    PAID_TIERS,
    Actor,
    Link,
    Owner,
    Pipeline,
    Record,
    Stage,
)
from sandbox.world.ways import LEADS_ARE_PEOPLE

ZONES = {"Germany": "Europe/Berlin", "United States": "America/New_York"}
"""Country of a company → its zone, where the CRM knows it."""
STATES = {"United States": "New York"}
"""Country of a company → the part of it, where its address has to name one."""

_ROLES = ("DECISION_MAKER", "CHAMPION", "BUDGET_HOLDER", "INFLUENCER", "END_USER", "BLOCKER")
_PIPELINES = (
    ("Renewals", ("Due", "In talks", "Renewed", "Not renewed")),
    ("Partners", ("Introduced", "Trial order", "Contract", "Signed", "Declined")),
)


def buying_roles(account: Account, seed: int) -> None:
    """Gives two in five contacts of deals a part in buying, as reps fill it in."""
    for number, contact in enumerate(list(account.objects["contacts"].values())):
        rng = draw(seed, f"contact-{number}", "role")
        if contact.linked("deals") and rng.random() < 0.4:
            by = Actor(*contact.created_by)
            fields = {"hs_buying_role": rng.choice(_ROLES)}
            account.update("contacts", contact.id, fields, by, at=contact.created_at)


def leads(account: Account, seed: int, named: Mapping[str, Record]) -> None:
    """A lead for every other of these contacts, in the accounts that have the tool."""
    if account.crm in LEADS_ARE_PEOPLE or (
        account.crm == "hubspot" and account.tier not in PAID_TIERS
    ):
        return
    pipeline = next(iter(account.pipelines["leads"].values()))
    for name, contact in named.items():
        rng = draw(seed, name, "lead")
        if rng.random() < 0.5:
            continue
        fields = {
            "hs_lead_name": f"{contact.get('firstname')} {contact.get('lastname')}",
            "hs_lead_label": rng.choice(("HOT", "WARM", "COLD")),
            "hs_pipeline": pipeline.id,
            "hs_pipeline_stage": rng.choice(pipeline.stages[:3]).id,
            "hubspot_owner_id": contact.get("hubspot_owner_id"),
        }
        links = [Link("contacts", contact.id, ("", "primary"))]
        at = contact.created_at + HOUR
        account.create("leads", fields, Actor("AUTOMATION_PLATFORM", "lead-creation"), links, at)


def further_pipelines(
    account: Account, seed: int, start: int, reps: Sequence[Owner], deals: int, count: int
) -> None:
    """``count`` more pipelines, each with a tenth as many deals, to which nothing happens."""
    companies = list(account.objects["companies"].values())
    for number in range(count):
        label, names = _PIPELINES[number % len(_PIPELINES)]
        turn = number // len(_PIPELINES)
        title = f"{label} {turn + 1}" if turn else label
        pipeline = _pipeline(number, title, names, named=account.crm == "salesforce")
        account.add_pipeline("deals", pipeline)
        for index in range(max(1, deals // 10)):
            rng = draw(seed, f"{label}-{index}", f"pipeline {number}")
            rep = rng.choice(reps)
            company = rng.choice(companies)
            people = company.linked("contacts")[:1]
            fields = {
                "dealname": f"{company.get('name')} {label.lower()} {index + 1}",
                "amount": str(rng.randint(6, 600) * 100),
                "deal_currency_code": account.currency,
                "pipeline": pipeline.id,
                "dealstage": rng.choice(pipeline.stages).id,
                "hubspot_owner_id": rep.id,
            }
            links = [Link("contacts", one) for one in people]
            links.append(Link("companies", company.id, ("", "primary")))
            at = start - rng.randint(1, 40) * DAY
            account.create("deals", fields, Actor.user(rep.user_id), links, at=at)


def _pipeline(number: int, label: str, names: Sequence[str], *, named: bool) -> Pipeline:
    """A pipeline as an admin makes it: the last two stages won and lost; stages are known by
    numbers, or ``named`` by their first names."""
    base = 900_000_000 + 1_000 * (number + 1)
    stages = [
        Stage(name if named else str(base + 1 + order), name, order, (order + 1) / len(names))
        for order, name in enumerate(names)
    ]
    for stage, probability in ((stages[-2], 1.0), (stages[-1], 0.0)):
        stage.closed, stage.probability = True, probability
    return Pipeline(str(base), label, stages, order=number + 1)
