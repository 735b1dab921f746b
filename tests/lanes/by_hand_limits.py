"""The same by hand where steps stand in each other's way: a rep's days that are full, one open task
at a time for each deal, caps of 7 and 30 days on each person. Knows no line of the product either.

Written after the pages on settings and presets: steps are asked for in the order of time, those of
one instant by due time, urgency and amount. Whoever waits for a limit is asked again at nine on the
next working day, under that day's date; whoever waits for a task, when that is done.
"""

import csv
import heapq
from collections import Counter, defaultdict
from datetime import UTC, timedelta

from tests.lanes.by_hand import ZONE, followed, read, working

LEFT, DONE, ASKED = range(3)  # what comes first of one instant


def morning(moment, days=0):
    """Nine o'clock on the day of a moment, or on the first working day so many days later."""
    local = moment.astimezone(ZONE) + timedelta(days=days)
    nine = local.replace(hour=9, minute=0, second=0, microsecond=0).astimezone(UTC)
    return working(nine) if days else nine


def day_of(moment):
    return moment.astimezone(ZONE).date()


def backtest(folder, days, *, settle, again, goal, at_once, high=(), budget=None, merge=True,
             week=None, month=None):  # fmt: skip
    """at_once: all tasks of a deal are written when it enters the stage, and none waits for
    another; else each on the morning of its day. high: days whose step is urgent. The limits as in
    settings."""
    entered, rep, _, last = read(folder)
    with open(f"{folder}/deals.csv", newline="") as file:
        amount = {row["deal_id"]: float(row["amount"] or 0) for row in csv.DictReader(file)}
    waits, number = [], 0
    steps, asked_again = [], defaultdict(list)
    full, addressed, open_tasks = Counter(), defaultdict(list), defaultdict(list)

    def put(moment, what, step):
        nonlocal number
        number += 1
        heapq.heappush(waits, (moment, what, number, step))

    for deal, at, later in followed(entered, last, days, settle, again):
        for day in (3, 7, 14, 21):
            owed = (at.astimezone(ZONE) + timedelta(days=day)).astimezone(UTC)
            due = working(owed)
            step = {"deal": deal, "rep": rep.get(deal), "day": day, "owed": owed, "due": due,
                    "fate": "ahead", "left": later[0] if later else None,
                    "open": False, "put_off": set()}  # fmt: skip
            steps.append(step)
            put(at + timedelta(minutes=settle) if at_once else morning(due), ASKED, step)
            if later:
                put(later[0][0], LEFT, step)

    def ask(now, step):
        """One step; those of the same instant that go before it have been asked."""
        who, deal, today = step["rep"], step["deal"], day_of(now)
        for code, cap, span in (("cap_7_days", week, 7), ("cap_30_days", month, 30)):
            lately = [one for one in addressed[deal] if one > today - timedelta(days=span)]
            if cap and len(lately) >= cap:
                step["put_off"].add(code)
                return put(morning(now, 1), ASKED, step)
        if merge and not at_once and open_tasks[deal]:
            step["put_off"].add("merge")
            return asked_again[deal].append(step)
        due = max(step["due"], now)
        while budget and full[who, day_of(due)] >= budget:
            due = morning(due, 1)
        if day_of(due) != day_of(max(step["due"], now)):
            step["put_off"].add("rep_budget")
            step["due"] = due
            if not at_once:
                return put(due, ASKED, step)
        full[who, day_of(due)] += 1
        addressed[deal].append(today)
        open_tasks[deal].append(step)
        step["open"] = True
        return put(due, DONE, step)

    while waits and waits[0][0] <= last:
        now, what, _, step = heapq.heappop(waits)
        batch = [step]
        while what == ASKED and waits and waits[0][:2] == (now, ASKED):
            batch.append(heapq.heappop(waits)[3])
        batch = [one for one in batch if one["fate"] == "ahead"]
        if what == ASKED:
            for one in batch:
                if day_of(one["due"]) < day_of(now):
                    one["due"] = working(now)
            batch.sort(key=lambda one: (one["due"], one["day"] not in high,
                                        -amount[one["deal"]], one["owed"]))  # fmt: skip
            for one in batch:
                ask(now, one)
            continue
        for one in batch:
            one["fate"] = "owed" if what == DONE else "stopped"
            one["done"] = now
            if one["open"]:
                open_tasks[one["deal"]].remove(one)
                full[one["rep"], day_of(one["due"])] -= what == LEFT
            for other in asked_again.pop(one["deal"], ()):
                put(now, ASKED, other)

    stopped, weeks = Counter(), Counter()
    for step in steps:
        if step["fate"] == "stopped":
            left = step["left"][1]
            closed = f"closed_{left}" if left in ("won", "lost") else "stage_left"
            stopped["goal_reached" if left in goal else closed] += 1
        elif step["fate"] == "owed":
            day = day_of(step["done"])
            weeks[step["rep"], day - timedelta(days=day.weekday())] += 1
    reps = defaultdict(list)
    for (who, _), many in weeks.items():
        reps[str(who)].append(many)
    return {
        "owed": dict(Counter(str(one["day"]) for one in steps if one["fate"] == "owed")),
        "stopped": dict(stopped),
        "ahead": sum(one["fate"] == "ahead" for one in steps),
        "put_off": dict(Counter(code for one in steps for code in one["put_off"])),
        "reps": {who: [sum(rows), max(rows)] for who, rows in reps.items()},
    }
