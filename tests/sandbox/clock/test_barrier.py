"""Business time moves only on a report that still holds, and never past what anybody has due."""

from __future__ import annotations

import threading

import pytest

from sandbox.barrier import Barrier
from sandbox.clock import Agenda, Clock

MOVED = {"lost": 0, "moved": True, "granted_until": 9_000}


class Deliveries:
    """An outbox that numbers what was put into it when it is flushed."""

    def __init__(self) -> None:
        self.waiting = 0
        self.number = 0
        self.accepting = threading.Event()
        self.accepting.set()

    def flush(self) -> None:
        while self.waiting:
            assert self.accepting.wait(10)
            self.waiting -= 1
            self.number += 1

    def last_number(self) -> int:
        return self.number

    def pending(self) -> bool:
        return self.waiting > 0

    def lost(self) -> int:
        return 0


class Rig:
    def __init__(self, quantum: int = 0, start: int = 1_000) -> None:
        self.clock = Clock("simulated", start)
        self.agenda = Agenda()
        self.out = Deliveries()
        self.calls = (0, 0)
        self.happened: list[tuple[int, str]] = []
        self.barrier = Barrier(
            self.clock, self.agenda, self.out, quantum=quantum, requests=lambda: self.calls
        )
        self.barrier.POLL_S = 0.2
        self.agenda.handle("event", self.event)
        self.agenda.handle("quiet", lambda: None)

    def event(self, name: str) -> None:
        self.happened.append((self.clock.now(), name))
        self.out.waiting += 1

    def report(
        self, now: int, next_due: int | None = None, delivery: int | None = None, run: str = "a"
    ) -> dict[str, object]:
        number = self.out.number if delivery is None else delivery
        return self.barrier.drained(run, now, number, next_due)


def test_moves_to_the_next_event_of_the_world_and_delivers_it():
    rig = Rig()
    rig.agenda.add(1_500, "event", "x")
    rig.barrier.grant(9_000)
    answer = rig.report(1_000, next_due=2_000)
    assert answer == {**MOVED, "now": 1_500, "delivery": 1}
    assert rig.happened == [(1_500, "x")]


def test_moves_to_what_the_app_has_due_when_that_comes_first():
    rig = Rig()
    rig.agenda.add(3_000, "event", "x")
    rig.barrier.grant(9_000)
    answer = rig.report(1_000, next_due=2_000)
    assert answer == {**MOVED, "now": 2_000, "delivery": 0}
    assert rig.happened == []


def test_never_moves_past_the_grant():
    rig = Rig()
    rig.agenda.add(3_000, "event", "x")
    rig.barrier.grant(1_200)
    assert rig.report(1_000, next_due=2_000)["now"] == 1_200
    assert rig.report(1_200, next_due=2_000)["moved"] is False
    assert rig.clock.now() == 1_200


@pytest.mark.parametrize("quantum", [0, 400])
def test_a_quantum_gathers_events_but_stops_at_what_the_app_has_due(quantum: int):
    rig = Rig(quantum=quantum)
    for at in (1_500, 1_600, 1_899, 1_950):
        rig.agenda.add(at, "event", str(at))
    rig.barrier.grant(9_000)
    answer = rig.report(1_000, next_due=1_900)
    if quantum:
        assert answer["now"] == 1_899
        assert [at for at, _ in rig.happened] == [1_500, 1_600, 1_899]
        assert rig.report(1_899, next_due=1_900)["now"] == 1_900
    else:
        assert answer["now"] == 1_500
    assert ("1950") not in [name for _, name in rig.happened]


def test_instants_of_which_the_app_hears_nothing_need_no_report():
    rig = Rig()
    rig.agenda.add(1_500, "quiet")
    rig.agenda.add(1_700, "event", "x")
    rig.agenda.add(1_800, "quiet")
    rig.barrier.grant(9_000)
    assert rig.report(1_000, next_due=5_000)["now"] == 1_700
    assert rig.report(1_700, next_due=5_000)["now"] == 5_000


def test_what_no_webhook_tells_ends_a_move_so_that_an_app_may_ask():
    rig = Rig()
    changes: list[int] = []

    def unheard() -> bool:
        had = bool(changes)
        changes.clear()
        return had

    rig.barrier.unheard = unheard
    rig.agenda.handle("silent", lambda: changes.append(rig.clock.now()))
    rig.agenda.add(1_500, "silent")
    rig.agenda.add(1_700, "quiet")
    rig.agenda.add(1_800, "silent")
    rig.barrier.grant(9_000)
    changes.append(0)  # what the app did itself is no news to it
    assert rig.report(1_000, next_due=5_000)["now"] == 1_500
    assert rig.report(1_500, next_due=5_000)["now"] == 1_800
    assert rig.report(1_800, next_due=5_000)["now"] == 5_000


def test_events_of_one_instant_happen_by_their_order_not_by_when_they_were_added():
    rig = Rig()
    for name in ("c", "a", "b"):
        rig.agenda.add(1_500, "event", name, order=(name,))
    rig.barrier.grant(9_000)
    rig.report(1_000)
    assert [name for _, name in rig.happened] == ["a", "b", "c"]


def test_a_report_of_another_instant_is_stale():
    rig = Rig()
    rig.barrier.grant(9_000)
    answer = rig.report(900, next_due=2_000)
    assert answer["moved"] is False
    assert "time is 1000" in str(answer["reason"])
    assert rig.clock.now() == 1_000


def test_a_report_from_before_the_newest_delivery_is_stale():
    rig = Rig()
    rig.barrier.grant(9_000)
    rig.out.number = 3
    answer = rig.report(1_000, next_due=2_000, delivery=2)
    assert (answer["moved"], answer["delivery"]) == (False, 3)
    assert rig.report(1_000, next_due=2_000, delivery=3)["moved"] is True


def test_what_waits_to_be_delivered_goes_out_instead_of_moving():
    rig = Rig()
    rig.barrier.grant(9_000)
    rig.out.waiting = 2
    answer = rig.report(1_000, next_due=2_000)
    assert (answer["moved"], answer["delivery"], answer["now"]) == (False, 2, 1_000)


def test_a_due_instant_that_has_come_is_not_drained():
    rig = Rig()
    rig.barrier.grant(9_000)
    assert "not drained" in str(rig.report(1_000, next_due=1_000)["reason"])


def test_a_crm_request_under_way_makes_the_report_stale():
    rig = Rig()
    rig.barrier.grant(9_000)
    rig.calls = (7, 1)
    assert "request" in str(rig.report(1_000, next_due=2_000)["reason"])
    rig.calls = (8, 0)
    assert rig.report(1_000, next_due=2_000)["moved"] is True


def test_a_crm_request_during_the_long_poll_ends_it():
    rig = Rig()
    rig.barrier.POLL_S = 30
    waiting = threading.Thread(target=lambda: answers.append(rig.report(1_000, next_due=2_000)))
    answers: list[dict[str, object]] = []
    waiting.start()
    rig.calls = (1, 0)
    waiting.join(10)
    # Either the request was seen from the start or it ended the poll; time never moved.
    rig.barrier.grant(9_000)
    waiting.join(10)
    assert not waiting.is_alive()
    assert len(answers) == 1


def test_the_long_poll_answers_when_time_is_granted():
    rig = Rig()
    rig.barrier.POLL_S = 30
    answers: list[dict[str, object]] = []
    waiting = threading.Thread(target=lambda: answers.append(rig.report(1_000, next_due=2_000)))
    waiting.start()
    rig.barrier.grant(9_000)
    waiting.join(10)
    assert answers == [{**MOVED, "now": 2_000, "delivery": 0}]


def test_a_report_from_before_the_grant_moves_nothing():
    """What an admin did before granting, and the report does not know of, must not be passed by."""
    rig = Rig()
    rig.barrier.grant(9_000)
    stale = rig.barrier.drained("a", 1_000, 0, None, granted=1_000)
    assert (stale["moved"], stale["now"], stale["granted_until"]) == (False, 1_000, 9_000)
    assert "granted after" in str(stale["reason"])
    fresh = rig.barrier.drained("a", 1_000, 0, 2_000, granted=9_000)
    assert fresh == {**MOVED, "now": 2_000, "delivery": 0}


def test_without_a_grant_the_long_poll_gives_up():
    rig = Rig()
    answer = rig.report(1_000, next_due=2_000)
    assert answer["moved"] is False
    assert "grant" in str(answer["reason"])


def test_a_dead_app_holds_time_until_its_deliveries_are_accepted():
    rig = Rig()
    rig.agenda.add(1_500, "event", "x")
    rig.barrier.grant(9_000)
    rig.out.accepting.clear()
    first: list[dict[str, object]] = []
    mover = threading.Thread(target=lambda: first.append(rig.report(1_000, next_due=2_000)))
    mover.start()
    while not rig.happened:
        mover.join(0.01)
    # The app was killed; a new run reports while the delivery is still refused.
    answer = rig.report(1_500, next_due=2_000, delivery=0, run="b")
    assert answer["moved"] is False
    assert rig.clock.now() == 1_500
    rig.out.accepting.set()
    mover.join(10)
    assert first[0]["now"] == 1_500
    assert rig.report(1_500, next_due=2_000, delivery=1, run="b")["now"] == 2_000


def test_a_run_that_was_replaced_never_moves_time_again():
    rig = Rig()
    rig.barrier.grant(9_000)
    assert rig.report(1_000, next_due=2_000, run="a")["moved"] is True
    assert rig.report(2_000, next_due=3_000, run="b")["moved"] is True
    answer = rig.report(3_000, next_due=4_000, run="a")
    assert answer["moved"] is False
    assert "newer run" in str(answer["reason"])


def test_a_report_that_waits_is_given_up_when_a_new_run_reports():
    rig = Rig()
    rig.barrier.POLL_S = 30
    answers: list[dict[str, object]] = []
    waiting = threading.Thread(
        target=lambda: answers.append(rig.report(1_000, next_due=2_000, run="a"))
    )
    waiting.start()
    while rig.barrier.current_run != "a":
        waiting.join(0.01)
    rig.barrier.POLL_S = 0.2
    rig.report(1_000, next_due=2_000, run="b")
    rig.barrier.grant(9_000)
    waiting.join(10)
    assert answers[0]["moved"] is False
    assert rig.clock.now() == 1_000


def test_wall_time_is_never_moved():
    clock = Clock("wall")
    barrier = Barrier(clock, Agenda(), Deliveries())
    before = clock.now()
    assert barrier.drained("a", before, 0, before + 10**9)["moved"] is False
    assert before <= clock.now() < before + 10**8


def test_time_cannot_go_back():
    clock = Clock("simulated", 1_000)
    with pytest.raises(ValueError, match="cannot go back"):
        clock.move(999)


def test_the_agenda_survives_a_snapshot_in_order():
    agenda = Agenda()
    agenda.add(5, "event", "later")
    agenda.add(3, "event", "sooner", order=("z",))
    copy = Agenda()
    copy.restore(agenda.snapshot())
    assert [due.args for due in iter(lambda: copy.pop(10), None)] == [("sooner",), ("later",)]


def test_an_entry_that_nothing_handles_is_named():
    agenda = Agenda()
    agenda.add(1, "nonsense")
    due = agenda.pop(1)
    assert due is not None
    with pytest.raises(LookupError, match="nonsense"):
        agenda.run(due)


def test_who_asks_for_changes_gets_a_turn_when_something_happened():
    """Without webhooks nothing is pending: the move would go on to the end of the grant."""
    rig = Rig()
    for at in (1_500, 2_000, 5_000):
        rig.agenda.add(at, "quiet")
    rig.barrier.grant(9_000)
    moved = [1_000]
    for asks_at in (3_000, 4_000, 6_000):
        answer = rig.barrier.drained("a", moved[-1], 0, None, asks_at=asks_at)
        moved.append(answer["now"])
    assert moved[1] == 3_000, "two things have happened, and it would ask then"
    assert moved[2] == 5_000, "at once where its turn is long due"
    assert moved[3] == 9_000, "nothing happens any more"
