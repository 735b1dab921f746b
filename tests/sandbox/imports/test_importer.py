"""An imported pipeline happens row by row, at its own instants, in the order of the file."""

from __future__ import annotations

import csv
import gzip
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from imports.mapping import ImportProblem, read_mapping
from imports.reader import read_timetable
from sandbox.clock import Agenda, Clock
from sandbox.imports.importer import Importer
from sandbox.simulation import BEFORE_IMPORT, Simulation
from sandbox.world.account import Account
from sandbox.world.records import Record
from sandbox.world.store import World

MAPPING = Path("imports/bpic2012.yaml")
REAL = Path(__file__).parents[4] / "shared" / "data" / "bpic2012"

DEALS = """deal_id,created_at,amount
1,2011-10-01T09:00:00.000+02:00,5000
2,2011-10-01T09:30:00.500+02:00,
3,2011-10-02T09:00:00.000+02:00,700.5
"""
EVENTS = """deal_id,at,activity,transition,resource
1,2011-10-01T09:00:00.000+02:00,A_SUBMITTED,COMPLETE,112
1,2011-10-01T09:01:00.000+02:00,A_PREACCEPTED,COMPLETE,112
1,2011-10-01T09:01:00.000+02:00,W_Completeren aanvraag,SCHEDULE,112
1,2011-10-01T10:00:00.000+02:00,W_Completeren aanvraag,START,
1,2011-10-01T10:05:00.000+02:00,W_Completeren aanvraag,COMPLETE,11
1,2011-10-01T11:00:00.000+02:00,O_SENT,COMPLETE,11
1,2011-10-01T11:00:00.000+02:00,O_SENT_BACK,COMPLETE,11
1,2011-10-01T11:00:00.000+02:00,O_SENT,COMPLETE,12
1,2011-10-05T11:00:00.000+02:00,O_SENT,COMPLETE,12
1,2011-10-31T01:00:00.000+01:00,A_APPROVED,COMPLETE,12
2,2011-10-01T09:30:00.500+02:00,A_SUBMITTED,COMPLETE,112
2,2011-10-01T09:31:00.000+02:00,A_DECLINED,COMPLETE,112
3,2011-10-02T09:00:00.000+02:00,A_SUBMITTED,COMPLETE,112
3,2011-10-02T09:10:00.000+02:00,W_Afhandelen leads,COMPLETE,13
3,2011-10-02T09:11:00.000+02:00,O_SENT,START,13
"""


def files(folder: Path, deals: str = DEALS, events: str = EVENTS) -> Path:
    (folder / "deals.csv").write_text(deals)
    with gzip.open(folder / "events.csv.gz", "wt") as file:
        file.write(events)
    return folder


def replayed(data: Path, mapping: Path = MAPPING) -> tuple[Account, Any]:
    clock = Clock("simulated", 0)
    world, agenda = World(clock), Agenda()
    account, _, table = Importer(world, agenda).load(mapping, data, 9)
    while (due := agenda.pop(10**15)) is not None:
        clock.move(due.at)
        agenda.run(due)
    assert clock.now() == table.ends_at
    return account, table


def deal_of(account: Account, key: str) -> Record:
    return account.objects["deals"][account.extra["import"]["deals"][key]]


def test_small_files_become_deals_stages_calls_and_owners(tmp_path: Path):
    account, table = replayed(files(tmp_path))
    assert table.counts == {
        "events": 15,
        "deals": 3,
        "unowned": 1,
        "stage_moves": 6,
        "calls": 2,
        "calls_without_start": 1,
        "starts_never_completed": 0,
    }
    one = deal_of(account, "1")
    instants = [(v.value, v.at) for v in one.history["dealstage"]]
    at_eleven = 1_317_459_600_000
    assert instants == [
        ("new", 1_317_452_400_000),
        ("qualified", 1_317_452_460_000),
        ("proposal", at_eleven),
        ("negotiation", at_eleven),
        ("proposal", at_eleven),
        ("won", 1_320_019_200_000),
    ]
    assert one.created_at == 1_317_452_400_000
    assert one.get("hs_is_closed_won") == "true"
    # The first W_ event that is not the system's names nobody; the next one names the owner.
    owners = [v.value for v in one.history["hubspot_owner_id"]]
    assert [account.owners[owner].email for owner in owners] == ["rep-11@example.com"]
    assert deal_of(account, "2").get("hubspot_owner_id") == ""
    assert deal_of(account, "2").get("amount") == ""
    assert deal_of(account, "3").get("amount") == "700.5"
    assert deal_of(account, "3").get("dealstage") == "new"  # O_SENT has only begun


def test_each_deal_has_one_contact_of_its_own(tmp_path: Path):
    account, _ = replayed(files(tmp_path))
    contacts = [deal.linked("contacts") for deal in account.objects["deals"].values()]
    assert [len(one) for one in contacts] == [1, 1, 1]
    assert len({one[0] for one in contacts}) == 3
    contact = account.objects["contacts"][contacts[0][0]]
    assert contact.get("email") == "applicant-1@example.com"


def test_work_becomes_calls_and_no_task_is_touched(tmp_path: Path):
    account, _ = replayed(files(tmp_path))
    calls = list(account.objects["calls"].values())
    assert [call.get("hs_call_title") for call in calls] == [
        "W_Completeren aanvraag",
        "W_Afhandelen leads",
    ]
    whole, half = calls
    assert whole.get("hs_call_duration") == "300000"
    assert whole.get("hs_timestamp") == "1317456000000"
    assert whole.created_at == 1_317_456_300_000
    assert half.get("hs_call_duration") == ""
    assert whole.linked("deals") == [deal_of(account, "1").id]
    assert account.owners[whole.get("hubspot_owner_id")].email == "rep-11@example.com"
    assert not account.objects["tasks"]


def test_time_begins_before_the_first_row_and_ends_with_the_last(tmp_path: Path):
    simulation = Simulation()
    account = simulation.import_files(MAPPING, files(tmp_path))
    assert simulation.clock.now() == 1_317_452_400_000 - BEFORE_IMPORT
    assert simulation.ends_at == 1_320_019_200_000
    assert simulation.barrier.quantum == 60 * 60_000
    assert account.extra["span"] == (simulation.clock.now(), simulation.ends_at)
    with pytest.raises(ValueError, match="without other accounts"):
        simulation.import_files(MAPPING, files(tmp_path))


def test_an_import_survives_a_restart_half_way(tmp_path: Path):
    simulation = Simulation()
    simulation.import_files(MAPPING, files(tmp_path), portal_id=5)
    simulation.barrier.grant(1_317_459_600_000)
    simulation.barrier.drained("a", simulation.clock.now(), 0, None)
    simulation.save(tmp_path / "state")
    again = Simulation()
    again.load(tmp_path / "state")
    assert again.clock.now() == 1_317_459_600_000
    again.barrier.grant(again.ends_at)
    again.barrier.drained("a", again.clock.now(), 0, None)
    assert deal_of(again.world.accounts[5], "1").get("dealstage") == "won"
    assert len(again.world.accounts[5].objects["deals"]) == 3


@pytest.mark.parametrize(
    ("old", "new", "line", "field", "said"),
    [
        ("1,2011-10-01T09:01:00.000+02:00,A_PREACCEPTED", "1,yesterday,A_PREACCEPTED", 3,
         "at", "ISO"),
        ("1,2011-10-01T09:01:00.000+02:00,A_PREACCEPTED", "1,2011-10-01T09:01:00,A_PREACCEPTED", 3,
         "at", "offset"),
        ("2,2011-10-01T09:31", "8,2011-10-01T09:31", 13, "deal_id", "not in deals.csv"),
        ("1,2011-10-05T11", "1,2011-10-01T08", 10, "at", "before the deal's previous event"),
        ("O_SENT,COMPLETE,12\n1,2011-10-31", "O_SENT,COMPLETE\n1,2011-10-31", 10,
         "(row)", "4 fields"),
        ("deal_id,at,", "deal,at,", 1, "deal_id", "no such column"),
    ],
)  # fmt: skip
def test_a_fault_in_the_events_is_named_by_line_and_field(
    tmp_path: Path, old: str, new: str, line: int, field: str, said: str
):
    assert old in EVENTS
    data = files(tmp_path, events=EVENTS.replace(old, new, 1))
    with pytest.raises(ImportProblem) as problem:
        read_timetable(read_mapping(MAPPING), data)
    assert (problem.value.line, problem.value.field) == (line, field)
    assert said in str(problem.value)
    assert "events.csv.gz" in str(problem.value)


@pytest.mark.parametrize(
    ("old", "new", "field", "said"),
    [
        (
            "2,2011-10-01T09:30:00.500+02:00,",
            "1,2011-10-01T09:30:00.500+02:00,",
            "deal_id",
            "line 2",
        ),
        (",5000", ",much", "amount", "no number"),
        ("3,2011", ",2011", "deal_id", "empty"),
    ],
)
def test_a_fault_in_the_deals_is_named_by_field(
    tmp_path: Path, old: str, new: str, field: str, said: str
):
    data = files(tmp_path, deals=DEALS.replace(old, new, 1))
    with pytest.raises(ImportProblem, match=said) as problem:
        read_timetable(read_mapping(MAPPING), data)
    assert problem.value.field == field


@pytest.mark.parametrize(
    ("old", "new", "field", "said"),
    [
        ("initial_stage: new", "initial_stage: fresh", "deals.initial_stage", "known:"),
        (
            "    O_SENT: proposal",
            "    O_SENT: proposals",
            "events.stages.O_SENT",
            "not in pipeline",
        ),
        ("quantum: 1h", "quantum: soon", "quantum", "15min"),
        ("timezone: Europe/Amsterdam", "timezone: Holland/A", "account.timezone", "IANA"),
        ("transitions: [COMPLETE]", "transition: [COMPLETE]", "events.transition", "'transitions'"),
        ("kind: meeting_done", "kind: met", "pipeline.stages[2].kind", "none of"),
        ("amount: amount}", "amounts: amount}", "deals.columns.amounts", "'amount'"),
        ("probability: 0.6", "probability: 60", "pipeline.stages[3].probability", "from 0 to 1"),
        ("  file: deals.csv\n", "", "deals.file", "missing"),
    ],
)
def test_a_fault_in_the_mapping_is_named_with_its_line(
    tmp_path: Path, old: str, new: str, field: str, said: str
):
    text = MAPPING.read_text()
    assert old in text
    path = tmp_path / "mapping.yaml"
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(ImportProblem) as problem:
        read_mapping(path)
    assert problem.value.field == field
    assert said in str(problem.value)
    assert problem.value.line
    if new:
        lines = path.read_text().splitlines()
        assert new.strip() in lines[problem.value.line - 1]


def test_a_mapping_that_is_not_yaml_and_files_that_are_not_there(tmp_path: Path):
    broken = tmp_path / "broken.yaml"
    broken.write_text("name: [1\nfoo")
    with pytest.raises(ImportProblem, match=r"broken\.yaml"):
        read_mapping(broken)
    with pytest.raises(ImportProblem, match="cannot be read"):
        read_mapping(tmp_path / "none.yaml")
    with pytest.raises(ImportProblem, match=r"deals\.csv.*cannot be read"):
        read_timetable(read_mapping(MAPPING), tmp_path)


def test_a_failed_import_leaves_the_world_as_it_was(tmp_path: Path):
    simulation = Simulation()
    data = files(tmp_path, events=EVENTS.replace("2,2011-10-01T09:31", "8,2011-10-01T09:31"))
    with pytest.raises(ImportProblem):
        simulation.import_files(MAPPING, data)
    assert not simulation.world.accounts
    assert not len(simulation.agenda)


@pytest.mark.skipif(not REAL.exists(), reason="the BPI Challenge files are not on this machine")
def test_the_real_files_are_read_whole():
    """Figures counted here anew from the files, without the reader."""
    table = read_timetable(read_mapping(MAPPING), REAL)
    with gzip.open(REAL / "events.csv.gz", "rt") as file:
        rows = list(csv.DictReader(file))
    with (REAL / "deals.csv").open() as file:
        deals = [row["deal_id"] for row in csv.DictReader(file)]
    work = [row for row in rows if row["activity"].startswith("W_")]
    done = Counter(row["transition"] for row in work)
    owner: dict[str, str] = {}
    for row in work:
        if row["resource"] not in ("", "112"):
            owner.setdefault(row["deal_id"], row["resource"])
    assert table.counts["events"] == len(rows) == 127_432
    assert table.counts["deals"] == len(deals) == 6_426
    assert table.counts["calls"] == done["COMPLETE"] == 35_440
    assert table.counts["calls_without_start"] == done["COMPLETE"] - done["START"] == 546
    assert {key: deal.owner for key, deal in table.deals.items() if deal.owner} == owner
    assert table.counts["stage_moves"] == 16_599
