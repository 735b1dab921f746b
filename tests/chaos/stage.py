"""Sandbox and app as processes of their own, set up over HTTP, and what both say came of a run."""

from __future__ import annotations

import base64
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import requests

from demo.admin import Admin
from demo.http import Sandbox
from demo.processes import CLIENT_ID
from demo.vendors import CRMS
from sandbox.salesforce.outside import inner_id
from tests.chaos.nursery import WRITES

ROOT = Path(__file__).resolve().parents[2]
PRESETS = ("proposal", "inbound-lead", "post-meeting", "idle-deal")
DIGEST = "digest"
"""Stands in the subject of every digest task; several people may get one at the same instant."""

STUCK_S = 60

Touch = tuple[str, str, str, int, int, str, str]
"""(subject, rule or sequence, step, stage entry or other anchor, due time, final status, reason)"""


class Nursery:
    """The process that forks sandboxes and apps; one serves a whole test session."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.chaos.nursery"],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def do(self, what: str, **command: Any) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"do": what, **command}) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        assert "error" not in answer, answer["error"]
        return answer

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(10)


@dataclass(frozen=True)
class Moment:
    """One line of the log of moments at which the app could have died."""

    number: int
    killed: bool
    kind: str
    what: str

    @property
    def is_answered_write(self) -> bool:
        """The CRM has written, and our commit is still to come."""
        return self.kind == "answered" and any(
            path in self.what for path in WRITES
        )


@dataclass
class Outcome:
    """What a run left: the app's touches, and the CRM's tasks by what a person sees of them.

    tasks: (deal or person, task subject, due time) as created → how many, archived ones included.
    A task that no touch of the app knows stands under its owner: a digest, or a duplicate.
    unlinked: ids of tasks that lack their deal or their person.
    """

    touches: Counter[Touch]
    tasks: Counter[tuple[str, str, int]]
    unlinked: list[str] = field(default_factory=list)

    def duplicates(self) -> list[tuple[str, int]]:
        """(task subject, due time) that stand more than once for one record, or for one owner.

        The subject of a touch's task names its record, so a second one is seen although no touch
        knows it.
        """
        seen: Counter[tuple[str, str, int]] = Counter()
        for (about, subject, due), number in self.tasks.items():
            seen[about if DIGEST in subject else "", subject, due] += number
        return [(subject, due) for (_, subject, due), number in seen.items() if number > 1]


class Stage:
    """A sandbox with one generated account, and the app connected to it."""

    def __init__(
        self,
        nursery: Nursery,
        *,
        seed: int = 7,
        deals: int = 30,
        weeks: float = 2,
        presets: Sequence[str] = PRESETS,
        playbooks: Iterable[str] = (),
        patches: Sequence[str] = (),
        at: Sequence[int] = (),
        at_answered_writes: Sequence[int] = (),
        settings: Mapping[str, Any] | None = None,
        crm: str = "hubspot",
    ) -> None:
        self.crm = CRMS[crm]
        self.nursery = nursery
        self.folder = Path(tempfile.mkdtemp(prefix="followthrough-chaos-"))
        self.name = self.folder.name
        self.secret = secrets.token_urlsafe(32)
        self._presets, self._playbooks, self._patches = presets, playbooks, patches
        self._plan = {"at": list(at), "at_answered_writes": list(at_answered_writes)}
        self._generate = {"seed": seed, "deals": deals, "weeks": weeks, "crm": crm}
        self._settings = settings
        self.sandbox = Sandbox(f"http://127.0.0.1:{_free_port()}")
        self.admin = Admin(f"http://127.0.0.1:{_free_port()}")
        self.account: dict[str, Any] = {}

    def __enter__(self) -> Self:
        port = self.sandbox.url.rpartition(":")[2]
        arguments = ["--port", port]
        self.nursery.do(
            "sandbox",
            name=f"{self.name}-sandbox",
            log=str(self.folder / "sandbox.log"),
            arguments=arguments,
        )
        self._until_up(f"{self.sandbox.url}/sandbox/time")
        self.sandbox.call("POST", "/sandbox/accounts", self._generate)
        self.account = self.sandbox.account()
        retry = {"webhook_retry_first_seconds": 0.02, "webhook_retry_most_seconds": 0.1}
        self.set(**retry, **(self._settings or {}))
        self.start_app()
        self._set_up()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.nursery.do("stop", name=self.name)
        self.nursery.do("stop", name=f"{self.name}-sandbox")
        for name in ("app.log", "sandbox.log"):
            path = self.folder / name
            if kind is not None and path.exists():
                print(f"--- {path}\n{path.read_text(errors='replace')[-4000:]}")
        if kind is None:
            shutil.rmtree(self.folder)

    # --- processes ---------------------------------------------------------------------------

    def start_app(self) -> None:
        url = self.admin.url
        env = {
            "FOLLOWTHROUGH_URL": url,
            "FOLLOWTHROUGH_KEYS": base64.urlsafe_b64encode(self.secret[:32].encode()).decode(),
            "FOLLOWTHROUGH_SIMULATION": f"{self.sandbox.url}/sandbox",
            "SECRET_KEY": self.secret,
            "DATABASE_URL": self.database,
            **self.crm.environment(self.sandbox.url, CLIENT_ID, self.secret),
            "RATE_MULTIPLIER": "1000",
        }
        self.nursery.do(
            "app",
            name=self.name,
            port=int(url.rpartition(":")[2]),
            env=env,
            log=str(self.folder / "app.log"),
            moments=str(self.folder / "moments"),
            patches=self._patches,
            **self._plan,
        )
        self._until_up(f"{url}/healthz")

    @property
    def database(self) -> str:
        return f"sqlite:///{self.folder / 'app.db'}"

    def _until_up(self, url: str) -> None:
        deadline = time.monotonic() + STUCK_S
        while time.monotonic() < deadline:
            with suppress(requests.RequestException):
                if requests.get(url, timeout=5).status_code == 200:
                    return
            time.sleep(0.02)
        raise AssertionError(f"{url} did not answer")

    # --- set-up ------------------------------------------------------------------------------

    def _set_up(self) -> None:
        admin = self.admin
        admin.register_at(self.sandbox, self.secret, self.crm)
        admin.install(crm=self.crm.name)
        admin.wait_for_import()
        admin.confirm_stages(
            {stage: kind for kind, stage in self.account["stage_kinds"].items()}
        )
        sources = [{"preset": name} for name in self._presets]
        sources += [{"text": text} for text in self._playbooks]
        for source in sources:
            for rule in admin.activate(admin.save(source), "live"):
                if rule["backlog"]:
                    admin.release(rule["rule"], 3)

    def arm(self) -> None:
        """From now on the app may die as planned."""
        self.nursery.do("arm", name=self.name)

    # --- the world ---------------------------------------------------------------------------

    def set(self, **settings: Any) -> None:
        self.sandbox.call("POST", "/sandbox/settings", settings)

    def export(self, kinds: str = "tasks,deals,contacts") -> dict[str, Any]:
        return self.sandbox.export(self.account["portal_id"], kinds)

    def play(self) -> None:
        """Let business time run to the end of what people plan, and until the app has done
        everything due by then."""
        until = int(self.account["ends_at"])
        self.sandbox.grant(until + 1)
        last, moved = -1, time.monotonic()
        while last <= until:
            now = int(self.sandbox.time()["now"])
            if now != last:
                last, moved = now, time.monotonic()
            assert time.monotonic() - moved < STUCK_S, f"business time stands at {now}"
            time.sleep(0.05)

    # --- what came of it ---------------------------------------------------------------------

    def moments(self) -> list[Moment]:
        path = self.folder / "moments"
        lines = path.read_text().splitlines() if path.exists() else []
        found = [line.split("\t") for line in lines]
        return [Moment(int(n), kill == "KILL", kind, what) for n, kill, kind, what in found]

    def _inside(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """A touch whose ids are those of the export."""
        ids = ("subject_id", "contact_id", "task_id") if self.crm.name == "salesforce" else ()
        return {**row, **{name: inner_id(row[name]) for name in ids if row[name]}}

    def outcome(self) -> Outcome:
        export = self.export()
        records = {(kind, r["id"]): r for kind in ("deals", "contacts") for r in export[kind]}
        names = {
            (kind, id): record["properties"].get("dealname" if kind == "deals" else "email") or id
            for (kind, id), record in records.items()
        }
        rows = [self._inside(row) for row in self.admin.touches()]
        touches = Counter(_touch(row, names) for row in rows)
        subject_of = {row["task_id"]: _touch(row, names)[0] for row in rows}
        ours = [task for task in export["tasks"] if task["created_by"][0] == "INTEGRATION"]
        tasks = Counter(
            (
                subject_of.get(task["id"]) or _owner(task),
                task["history"]["hs_task_subject"][0][1],
                int(task["history"]["hs_timestamp"][0][1]),
            )
            for task in ours
        )
        standing = {task["id"]: task for task in ours if not task["archived"]}
        return Outcome(touches, tasks, _unlinked(rows, standing, records))


def _owner(task: Mapping[str, Any]) -> str:
    return f"owner {task['properties'].get('hubspot_owner_id', '')}"


def _touch(row: Mapping[str, Any], names: Mapping[tuple[str, str], str]) -> Touch:
    return (
        names[row["subject_type"] + "s", row["subject_id"]],
        row["definition"],
        row["step"],
        row["anchor_at"],
        row["due_at"],
        row["outcome"] or row["state"],
        row["outcome_why"] or row["reason"] or row["end_reason"] or "",
    )


def _unlinked(
    rows: Iterable[Mapping[str, Any]],
    standing: Mapping[str, Mapping[str, Any]],
    records: Mapping[tuple[str, str], Mapping[str, Any]],
) -> list[str]:
    """Tasks that lack the deal or the person that they are about, of those that still exist."""
    found: list[str] = []
    for row in rows:
        task = standing.get(row["task_id"])
        if task is None:
            continue
        linked = {(kind, one["id"]) for kind, ends in task["associations"].items() for one in ends}
        about = {(row["subject_type"] + "s", row["subject_id"]), ("contacts", row["contact_id"])}
        about = {key for key in about if key in records and not records[key]["archived"]}
        if about - linked:
            found.append(task["id"])
    return found


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
