"""What else happens in a firm in a year: merges, deletions and returns, imports and bulk edits,
people who are away, leave or change their hours, and outages of either side.

Drawn from a seed and carried out over the sandbox's control address, as clicks of the CRM's own
users would be. What the CRM refuses (a merge with itself, a deal that is gone) is passed over and
counted.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from typing import Any

from demo.calendars import DAY, HOUR
from demo.http import Sandbox
from demo.processes import DemoError

Records = dict[str, list[dict[str, Any]]]


class Upheaval:
    """One account's. done: deed → how often; refused ones count under `… passed over`."""

    def __init__(self, sandbox: Sandbox, portal: int, seed: int, kinds: dict[str, str]) -> None:
        self._sandbox = sandbox
        self._portal = portal
        self._rng = random.Random(seed)
        self._stages = {kind: stage for stage, kind in kinds.items()}
        self._gone: list[str] = []
        self._left: list[str] = []
        self.done: Counter[str] = Counter()

    def strike(self, deeds: int) -> None:
        """So many deeds, each on records as they are now."""
        export = self._sandbox.export(self._portal, "deals,contacts")
        live = {
            kind: [one for one in export[kind] if not one["archived"]]
            for kind in ("deals", "contacts")
        }
        owners = [one["id"] for one in export["owners"] if not one["archived"]]
        for _ in range(deeds):
            deed, _ = self._rng.choices(_DEEDS, [weight for _, weight in _DEEDS])[0]
            name = deed.__name__.strip("_").replace("_", " ")
            try:
                deed(self, live, owners)
            except (DemoError, IndexError, ValueError):
                name += " passed over"
            self.done[name] += 1

    @property
    def now(self) -> int:
        return int(self._sandbox.time()["now"])

    def _act(self, verb: str, **params: Any) -> dict[str, Any]:
        return self._sandbox.call(
            "POST", "/sandbox/act", {"portal": self._portal, "verb": verb, **params}
        )

    def _fault(self, **fault: Any) -> None:
        self._sandbox.call("POST", "/sandbox/faults", fault)

    def _one(self, records: list[dict[str, Any]]) -> str:
        return str(self._rng.choice(records)["id"])

    # --- records -----------------------------------------------------------------------------

    def _merge_contacts(self, live: Records, owners: list[str]) -> None:
        primary, other = self._rng.sample(live["contacts"], 2)
        self._act("merge", kind="contacts", primary=primary["id"], other=other["id"])

    def _merge_deals(self, live: Records, owners: list[str]) -> None:
        primary, other = self._rng.sample(live["deals"], 2)
        self._act("merge", kind="deals", primary=primary["id"], other=other["id"])

    def _delete_deal(self, live: Records, owners: list[str]) -> None:
        deal = self._one(live["deals"])
        self._act("delete", kind="deals", record=deal)
        self._gone.append(deal)

    def _restore_deal(self, live: Records, owners: list[str]) -> None:
        self._act("restore", kind="deals", record=self._gone.pop())

    def _delete_contact(self, live: Records, owners: list[str]) -> None:
        self._act("delete", kind="contacts", record=self._one(live["contacts"]))

    def _erase_contact(self, live: Records, owners: list[str]) -> None:
        self._act("erase", contact=self._one(live["contacts"]))

    def _opt_out(self, live: Records, owners: list[str]) -> None:
        self._act("opt_out", contact=self._one(live["contacts"]))

    def _bounce(self, live: Records, owners: list[str]) -> None:
        self._act("bounce", contact=self._one(live["contacts"]))

    def _move_a_deal(self, live: Records, owners: list[str]) -> None:
        kind = self._rng.choice(("qualified", "proposal", "proposal", "negotiation", "lost"))
        self._act("move_deal", deal=self._one(live["deals"]), stage=self._stages[kind])

    def _bulk_owner(self, live: Records, owners: list[str]) -> None:
        some = [one["id"] for one in self._rng.sample(live["deals"], 5)]
        values = {"hubspot_owner_id": self._rng.choice(owners)}
        self._act("bulk_edit", kind="deals", records=some, values=values)

    def _bulk_stage(self, live: Records, owners: list[str]) -> None:
        some = [one["id"] for one in self._rng.sample(live["deals"], 5)]
        values = {"dealstage": self._stages["proposal"]}
        self._act("bulk_edit", kind="deals", records=some, values=values)

    def _bulk_stop(self, live: Records, owners: list[str]) -> None:
        some = [one["id"] for one in self._rng.sample(live["deals"], 2)]
        value = self._rng.choice(("stop", "run"))
        values = {"followthrough_control": value}
        self._act("bulk_edit", kind="deals", records=some, values=values)

    def _import_deals(self, live: Records, owners: list[str]) -> None:
        rows = [
            {
                "dealname": f"Imported {self.now} {number}",
                "dealstage": self._stages[self._rng.choice(("new", "proposal"))],
                "pipeline": "default",
                "amount": str(self._rng.randint(8, 400) * 100),
                "hubspot_owner_id": self._rng.choice(owners),
                "contact": self._one(live["contacts"]),
            }
            for number in range(4)
        ]
        self._act("import_rows", kind="deals", rows=rows)

    # --- the firm's own people ---------------------------------------------------------------

    def _leave_of_absence(self, live: Records, owners: list[str]) -> None:
        ends = self.now + self._rng.randint(2, 14) * DAY
        self._act(
            "set_out_of_office", owner=self._rng.choice(owners[2:]), start=self.now, end=ends
        )

    def _rep_leaves(self, live: Records, owners: list[str]) -> None:
        if len(owners) < 6:
            raise ValueError("too few are left")
        owner = self._rng.choice(owners[2:])
        self._act("archive_owner", owner=owner)
        owners.remove(owner)
        self._left.append(owner)

    def _rep_returns(self, live: Records, owners: list[str]) -> None:
        self._act("restore_owner", owner=self._left.pop())

    def _new_hours(self, live: Records, owners: list[str]) -> None:
        start = self._rng.choice((420, 480, 600))
        self._act("set_hours", owner=self._rng.choice(owners[2:]), start=start, end=start + 420)

    # --- outages -----------------------------------------------------------------------------

    def _app_unheard(self, live: Records, owners: list[str]) -> None:
        """For an hour no webhook arrives; all come when it is over."""
        until = self.now + HOUR
        self._fault(match="EVENT .*", kind="delay", times=0, until=until, **{"from": self.now})

    def _webhooks_lost(self, live: Records, owners: list[str]) -> None:
        self._fault(match="EVENT .*", kind="drop", times=self._rng.randint(1, 5))

    def _crm_refuses(self, live: Records, owners: list[str]) -> None:
        kind = self._rng.choice(("503_before", "500_after", "reset_after", "429"))
        self._fault(match="POST /crm/.*", kind=kind, times=self._rng.randint(1, 4))


Deed = Callable[[Upheaval, Records, list[str]], None]
_DEEDS: tuple[tuple[Deed, int], ...] = (
    (Upheaval._merge_contacts, 4),
    (Upheaval._merge_deals, 3),
    (Upheaval._delete_deal, 4),
    (Upheaval._restore_deal, 4),
    (Upheaval._delete_contact, 2),
    (Upheaval._erase_contact, 1),
    (Upheaval._opt_out, 3),
    (Upheaval._bounce, 3),
    (Upheaval._move_a_deal, 10),
    (Upheaval._bulk_owner, 3),
    (Upheaval._bulk_stage, 2),
    (Upheaval._bulk_stop, 3),
    (Upheaval._import_deals, 2),
    (Upheaval._leave_of_absence, 4),
    (Upheaval._rep_leaves, 1),
    (Upheaval._rep_returns, 2),
    (Upheaval._new_hours, 1),
    (Upheaval._app_unheard, 3),
    (Upheaval._webhooks_lost, 3),
    (Upheaval._crm_refuses, 4),
)
"""Deed and how common it is."""
