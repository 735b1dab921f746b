"""A backtest by hand, of a playbook that owes steps after a proposal: reads the two files and knows
no line of the product. What the activities mean is in the data's own README."""

import csv
import gzip
import json
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Europe/Amsterdam")
ORDER = ["new", "qualified", "meeting_done", "proposal", "negotiation", "won", "lost"]
STAGES = {"A_SUBMITTED": "new", "A_PARTLYSUBMITTED": "new", "A_PREACCEPTED": "qualified",
          "A_ACCEPTED": "meeting_done", "A_FINALIZED": "meeting_done", "O_SENT": "proposal",
          "O_SENT_BACK": "negotiation", "A_APPROVED": "won", "A_REGISTERED": "won",
          "A_ACTIVATED": "won", "A_DECLINED": "lost", "A_CANCELLED": "lost"}  # fmt: skip


def read(folder):
    """deal → [(instant, stage)] entered, deal → rep, deal → starts of calls, the last instant."""
    entered, rep, calls, begun, last = {}, {}, defaultdict(list), defaultdict(list), None
    with open(f"{folder}/deals.csv", newline="") as file:
        for row in csv.DictReader(file):
            entered[row["deal_id"]] = [(datetime.fromisoformat(row["created_at"]), "new")]
    with gzip.open(f"{folder}/events.csv.gz", "rt", newline="") as file:
        for row in csv.DictReader(file):
            deal, what, how = row["deal_id"], row["activity"], row["transition"]
            at = datetime.fromisoformat(row["at"])
            last = max(last or at, at)
            stage = STAGES.get(what) if how == "COMPLETE" else None
            if stage and stage != entered[deal][-1][1]:
                entered[deal].append((at, stage))
            if what.startswith("W_"):
                if row["resource"] not in ("", "112"):
                    rep.setdefault(deal, row["resource"])
                if how == "START":
                    begun[deal, what].append(at)
                elif how == "COMPLETE":
                    calls[deal].append(begun[deal, what].pop(0) if begun[deal, what] else at)
    return entered, rep, calls, last


def working(moment):
    """The next working time, Monday to Friday from 9 to 17."""
    local = moment.astimezone(ZONE)
    if local.weekday() < 5 and 9 <= local.hour < 17:
        return moment
    day = local.replace(hour=9, minute=0, second=0, microsecond=0)
    while day <= local or day.weekday() > 4:
        day += timedelta(days=1)
    return day.astimezone(UTC)


def free(due, cap, dates):
    """When the person may be addressed again: no more than `cap` times in any seven days."""
    recent = [day for day in dates if day > due.astimezone(ZONE).date() - timedelta(days=7)]
    if cap is None or len(recent) < cap:
        return due
    day = min(recent[-cap:]) + timedelta(days=7)
    return working(datetime.combine(day, datetime.min.time(), ZONE).astimezone(UTC))


def followed(entered, last, days, settle, again):
    """(deal, its entry, the entries after that) of every follow-up that begins. settle: minutes.
    again: whether coming back to the stage counts."""
    for deal, stages in entered.items():
        for number, (at, stage) in enumerate(stages):
            later = stages[number + 1 :]
            far = max((ORDER.index(one) for _, one in stages[:number]), default=-1)
            sure = at + timedelta(minutes=settle)
            if (stage == "proposal" and at >= last - timedelta(days=days) and sure <= last
                    and not (later and later[0][0] <= sure)
                    and (again or far < ORDER.index(stage))):  # fmt: skip
                yield deal, at, later


def backtest(folder, days, settle, again, goal, cap=None):
    """settle, again: as in `followed`. goal: stages of success. cap: how often a person may be
    addressed in seven days; here each deal is a person's."""
    entered, rep, calls, last = read(folder)
    owed, stopped, weeks, missed, per_deal = Counter(), Counter(), Counter(), [], Counter()
    ahead = judged = begun = put_off = 0
    addressed = defaultdict(list)
    for deal, at, later in followed(entered, last, days, settle, again):
        begun += 1
        for day in (3, 7, 14, 21):
            local = at.astimezone(ZONE) + timedelta(days=day)  # the same time of day
            due = working(local.astimezone(UTC))
            morning = due.astimezone(ZONE).replace(hour=9, minute=0, second=0, microsecond=0)
            if morning <= last and not (later and later[0][0] <= morning):  # it is written
                moved = free(due, cap, addressed[deal])
                put_off += moved != due
                due = moved
            if later and later[0][0] <= min(due, last):
                left = later[0][1]
                won_or_lost = f"closed_{left}" if left in ("won", "lost") else "stage_left"
                stopped["goal_reached" if left in goal else won_or_lost] += 1
            elif due > last:
                ahead += 1
            else:
                owed[day] += 1
                addressed[deal].append(due.astimezone(ZONE).date())
                per_deal[deal] += 1
                day_due = due.astimezone(ZONE).date()
                weeks[rep.get(deal), day_due - timedelta(days=day_due.weekday())] += 1
                if due + timedelta(days=7) <= last:
                    judged += 1
                    happened = [*calls[deal], *(moved for moved, _ in entered[deal])]
                    if not any(due < one <= due + timedelta(days=7) for one in happened):
                        missed.append(deal)
    reps = defaultdict(list)
    for (who, _), number in weeks.items():
        reps[who].append(number)
    return json.loads(json.dumps({
        "begun": begun, "owed": owed, "stopped": stopped, "ahead": ahead, "judged": judged,
        "followed_up": len(per_deal), "most": max(per_deal.values(), default=0),
        "missed": [len(missed), len(set(missed))], "put_off": put_off,
        "reps": {str(who): [sum(rows), max(rows)] for who, rows in reps.items()},
    }))  # fmt: skip
