"""Twenty deals, reckoned by hand: working hours, days off, both changes of the clocks, settling.

Everything is told in Dutch local time. Reps work 9 to 17, Monday to Friday, and not on the public
holidays of the Netherlands; clocks went back on 30 October 2011 and forward on 25 March 2012.
"""

from __future__ import annotations

import gzip
import json
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from rich.console import Console

from demo.processes import ROOT, Servers
from demo.session import REPLAYED, begin
from tests.scenarios import owed

ZONE = "Europe/Amsterdam"
ACTIVITY = {
    "proposal": "O_SENT",
    "negotiation": "O_SENT_BACK",
    "qualified": "A_PREACCEPTED",
    "won": "A_APPROVED",
    "lost": "A_DECLINED",
}
LAST = "2012-05-02 12:00:00"
HOLIDAYS = frozenset(
    {
        date(2011, 12, 25), date(2011, 12, 26), date(2012, 1, 1),
        date(2012, 4, 6), date(2012, 4, 8), date(2012, 4, 9), date(2012, 4, 30),
    }
)  # fmt: skip

DEALS: dict[str, list[tuple[str, str]]] = {
    "within hours": [("2011-10-03 10:00:00", "proposal"), ("2011-10-31 12:00:00", "won")],
    "third day is a Saturday": [("2011-10-05 15:30:00", "proposal")],
    "left on Sunday before it could be written": [
        ("2011-10-06 18:45:00", "proposal"), ("2011-10-09 20:00:00", "lost"),
    ],
    "before work begins": [("2011-10-07 08:15:00", "proposal"), ("2011-10-18 09:00:00", "lost")],
    "over the autumn change": [("2011-10-27 11:00:00", "proposal"), ("2011-12-01 10:00:00", "won")],
    "left at the very instant": [
        ("2011-10-30 02:30:00", "proposal"), ("2011-11-14 09:00:00", "lost"),
    ],
    "falls into the hour that comes twice": [("2011-10-23 02:30:00", "proposal")],
    "over Christmas": [("2011-12-21 10:00:00", "proposal"), ("2012-01-11 10:00:01", "lost")],
    "last second of the day": [
        ("2011-12-12 16:59:59", "proposal"), ("2012-01-02 16:59:59", "negotiation"),
    ],
    "first second after the day": [("2011-12-12 17:00:00", "proposal")],
    "comes back": [
        ("2011-11-07 09:00:00", "proposal"), ("2011-11-10 12:00:00", "negotiation"),
        ("2011-11-15 14:00:00", "proposal"), ("2011-11-23 14:00:00", "won"),
    ],
    "passes through": [
        ("2011-11-15 10:00:00", "proposal"), ("2011-11-15 10:00:59", "negotiation"),
    ],
    "settles the second time": [
        ("2011-11-16 10:00:00", "proposal"), ("2011-11-16 10:00:30", "negotiation"),
        ("2011-11-16 10:00:40", "proposal"), ("2011-12-07 10:00:00", "lost"),
    ],
    "over the spring change": [("2012-03-22 11:00:00", "proposal"), ("2012-04-20 10:00:00", "won")],
    "falls into the hour that is not there": [("2012-03-18 02:30:00", "proposal")],
    "over Easter": [("2012-03-30 12:00:00", "proposal"), ("2012-04-19 10:00:00", "lost")],
    "nobody owns it": [("2012-01-09 10:00:00", "proposal"), ("2012-01-20 10:00:00", "lost")],
    "won the same day": [("2012-01-10 10:00:00", "proposal"), ("2012-01-10 16:00:00", "won")],
    "moved back before work on Monday": [
        ("2011-12-31 23:59:59", "proposal"), ("2012-01-09 08:59:59", "qualified"),
    ],
    "entered on Easter Monday": [("2012-04-09 10:00:00", "proposal")],
}  # fmt: skip

# (deal, number of its entry into proposal, day, due time as written, how it ends)
EXPECTED = [
    ("within hours", 1, 3, "2011-10-06 10:00:00", "archived"),
    ("within hours", 1, 7, "2011-10-10 10:00:00", "archived"),
    ("within hours", 1, 14, "2011-10-17 10:00:00", "archived"),
    ("within hours", 1, 21, "2011-10-24 10:00:00", "archived"),
    ("third day is a Saturday", 1, 3, "2011-10-10 09:00:00", "open"),
    ("third day is a Saturday", 1, 7, "2011-10-12 15:30:00", "open"),
    ("third day is a Saturday", 1, 14, "2011-10-19 15:30:00", "open"),
    ("third day is a Saturday", 1, 21, "2011-10-26 15:30:00", "open"),
    ("before work begins", 1, 3, "2011-10-10 09:00:00", "archived"),
    ("before work begins", 1, 7, "2011-10-14 09:00:00", "archived"),
    ("over the autumn change", 1, 3, "2011-10-31 09:00:00", "archived"),
    ("over the autumn change", 1, 7, "2011-11-03 11:00:00", "archived"),
    ("over the autumn change", 1, 14, "2011-11-10 11:00:00", "archived"),
    ("over the autumn change", 1, 21, "2011-11-17 11:00:00", "archived"),
    ("left at the very instant", 1, 3, "2011-11-02 09:00:00", "archived"),
    ("left at the very instant", 1, 7, "2011-11-07 09:00:00", "archived"),
    ("falls into the hour that comes twice", 1, 3, "2011-10-26 09:00:00", "open"),
    ("falls into the hour that comes twice", 1, 7, "2011-10-31 09:00:00", "open"),
    ("falls into the hour that comes twice", 1, 14, "2011-11-07 09:00:00", "open"),
    ("falls into the hour that comes twice", 1, 21, "2011-11-14 09:00:00", "open"),
    ("over Christmas", 1, 3, "2011-12-27 09:00:00", "archived"),
    ("over Christmas", 1, 7, "2011-12-28 10:00:00", "archived"),
    ("over Christmas", 1, 14, "2012-01-04 10:00:00", "archived"),
    ("over Christmas", 1, 21, "2012-01-11 10:00:00", "archived"),
    ("last second of the day", 1, 3, "2011-12-15 16:59:59", "archived"),
    ("last second of the day", 1, 7, "2011-12-19 16:59:59", "archived"),
    ("last second of the day", 1, 14, "2011-12-27 09:00:00", "archived"),
    ("first second after the day", 1, 3, "2011-12-16 09:00:00", "open"),
    ("first second after the day", 1, 7, "2011-12-20 09:00:00", "open"),
    ("first second after the day", 1, 14, "2011-12-27 09:00:00", "open"),
    ("first second after the day", 1, 21, "2012-01-03 09:00:00", "open"),
    ("comes back", 1, 3, "2011-11-10 09:00:00", "archived"),
    ("comes back", 2, 3, "2011-11-18 14:00:00", "archived"),
    ("comes back", 2, 7, "2011-11-22 14:00:00", "archived"),
    ("settles the second time", 2, 3, "2011-11-21 09:00:00", "archived"),
    ("settles the second time", 2, 7, "2011-11-23 10:00:40", "archived"),
    ("settles the second time", 2, 14, "2011-11-30 10:00:40", "archived"),
    ("over the spring change", 1, 3, "2012-03-26 09:00:00", "archived"),
    ("over the spring change", 1, 7, "2012-03-29 11:00:00", "archived"),
    ("over the spring change", 1, 14, "2012-04-05 11:00:00", "archived"),
    ("over the spring change", 1, 21, "2012-04-12 11:00:00", "archived"),
    ("falls into the hour that is not there", 1, 3, "2012-03-21 09:00:00", "open"),
    ("falls into the hour that is not there", 1, 7, "2012-03-26 09:00:00", "open"),
    ("falls into the hour that is not there", 1, 14, "2012-04-02 09:00:00", "open"),
    ("falls into the hour that is not there", 1, 21, "2012-04-10 09:00:00", "open"),
    ("over Easter", 1, 3, "2012-04-02 12:00:00", "archived"),
    ("over Easter", 1, 7, "2012-04-10 09:00:00", "archived"),
    ("over Easter", 1, 14, "2012-04-13 12:00:00", "archived"),
    ("nobody owns it", 1, 3, "2012-01-12 10:00:00", "archived"),
    ("nobody owns it", 1, 7, "2012-01-16 10:00:00", "archived"),
    ("moved back before work on Monday", 1, 3, "2012-01-04 09:00:00", "archived"),
    ("entered on Easter Monday", 1, 3, "2012-04-12 10:00:00", "open"),
    ("entered on Easter Monday", 1, 7, "2012-04-16 10:00:00", "open"),
    ("entered on Easter Monday", 1, 14, "2012-04-23 10:00:00", "open"),
    ("entered on Easter Monday", 1, 21, "2012-05-01 09:00:00", "open"),
]


def instant(text: str) -> datetime:
    """Of an hour that comes twice, the first."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(ZONE))


def ms(text: str) -> int:
    return round(instant(text).timestamp() * 1000)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("twenty")
    deals = ["deal_id,created_at,amount"]
    events: list[tuple[datetime, str]] = []
    for name, moves in DEALS.items():
        created = instant(moves[0][0]).replace(hour=0, minute=5)
        deals.append(f"{name},{created.isoformat()},1000")
        if name != "nobody owns it":
            row = f"{name},{created.isoformat()},W_Completeren aanvraag,SCHEDULE,10909"
            events.append((created, row))
        for at, stage in moves:
            moment = instant(at)
            row = f"{name},{moment.isoformat()},{ACTIVITY[stage]},COMPLETE,10909"
            events.append((moment, row))
    last = instant(LAST)
    called = f"third day is a Saturday,{last.isoformat()},W_Nabellen offertes,COMPLETE,10909"
    events.append((last, called))
    (folder / "deals.csv").write_text("\n".join(deals) + "\n", encoding="utf-8")
    lines = ["deal_id,at,activity,transition,resource", *(row for _, row in sorted(events))]
    with gzip.open(folder / "events.csv.gz", "wt", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
    return folder


def expected() -> list[owed.Row]:
    rows: list[owed.Row] = []
    for deal, number, day, due, end in EXPECTED:
        entries = [at for at, stage in DEALS[deal] if stage == "proposal"]
        rows.append((deal, ms(entries[number - 1]), day, ms(due), end))
    return sorted(rows)


def test_the_reckoning_from_the_files_is_the_one_by_hand(files: Path) -> None:
    entries, last = owed.stage_entries(str(files))
    assert last == ms(LAST)
    rows = owed.owed(entries, last, ZONE, working_hours=True, holidays=HOLIDAYS)
    assert rows == expected()


def test_the_crm_holds_the_rows_reckoned_by_hand(files: Path, tmp_path: Path) -> None:
    mapping = ROOT / "imports" / "bpic2012.yaml"
    with Servers(["--data", str(files), "--mapping", str(mapping)]) as servers:
        session = begin(servers, Console(quiet=True), replay=True)
        session.settings = {"working_hours": True, "holidays": "NL"}
        session.install()
        session.activate([{"preset": REPLAYED}], ["live"])
        session.play()
        export = session.sandbox.export(session.portal)
    (tmp_path / "export.json").write_text(json.dumps(export))
    assert owed.tasks(str(tmp_path / "export.json"), "Application ") == expected()
