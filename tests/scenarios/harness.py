"""Whole stories in business time: a CRM of one's own, the app beside it, and only HTTP in between.

A `Story` starts a sandbox with a small hand-made account and the app with its embedded runtime in
this process, installs by the real consent page, imports, confirms the stages. A test then lets
people act in the CRM, lets business time pass, and looks at what stands in the CRM.
"""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from textwrap import dedent, indent
from types import TracebackType
from typing import Any, Self, TypeVar
from zoneinfo import ZoneInfo

import requests
from click.testing import CliRunner, Result
from cryptography.fernet import Fernet

from app.cli.main import main
from app.installations.config import Config, from_environment
from app.model.time import Wall, parse_delay
from app.runtime.embedded import start
from app.runtime.services import Services
from app.store import calls, installations, reading
from app.web.factory import create_app
from demo.admin import Admin
from demo.http import Sandbox
from sandbox.assembly import assemble
from sandbox.http_server import HttpServer
from sandbox.hubspot.api import HubSpot
from sandbox.server import serve
from sandbox.simulation import Simulation
from sandbox.vendor import VendorServer
from sandbox.world.account import Account
from sandbox.world.records import Actor, Link, Owner, Team
from tests.scenarios.crms import CRMS, HUBSPOT, Crm
from tests.support.stores import new_url

ZONE = "Europe/Amsterdam"
MONDAY = "2026-09-07 10:00"
"""When stories begin, local time: a Monday without holidays around it, weeks before the clocks
change."""

PORTAL = 4_100_001
CLIENT_SECRET = "a secret that signs webhooks"
KINDS = HUBSPOT.kinds
"""What each stage of HubSpot's pipeline means; acts take either word."""

_PATIENCE_S = 30

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Person:
    """A user of the CRM. hours: working minutes of the local day; None: none on record."""

    owner_id: str
    first: str
    zone: str = ZONE
    hours: tuple[int, int] | None = (9 * 60, 17 * 60)
    team: str = "EMEA"
    title: str = "Account executive"

    @property
    def email(self) -> str:
        return f"{self.first.lower()}@firm.example"


OTTO = Person("500", "Otto", title="CRM administrator")
MIA = Person("503", "Mia", title="Sales manager")
ADA = Person("501", "Ada")
BEN = Person("502", "Ben")
PEOPLE = (OTTO, MIA, ADA, BEN)
"""Who there is unless a story says otherwise. The consent page acts for the first of them."""


@dataclass(frozen=True)
class Task:
    """One of our tasks as the CRM shows it. due, made: local to the story's zone, to the minute."""

    id: str
    subject: str
    due: str
    due_at: int
    made: str
    status: str
    owner: str
    archived: bool
    type: str
    priority: str
    body: str
    deals: tuple[str, ...]
    contacts: tuple[str, ...]
    state: str
    reason: str
    touch_id: str
    history: Mapping[str, list[list[Any]]]

    @property
    def open(self) -> bool:
        return not self.archived and self.status != "COMPLETED"


class Story:
    """See the module. `before` acts in the CRM before the app is connected.

    database: DATABASE_URL of a database, empty or migrated; "" for a SQLite file in the folder.
    environment: variables that the app finds beside those it needs. crm: on which CRM it is told;
    ids of records are then those that the CRM's own HTTP has.
    """

    def __init__(
        self,
        folder: Path,
        *,
        begins: str = MONDAY,
        zone: str = ZONE,
        people: Iterable[Person] = PEOPLE,
        settings: Mapping[str, Any] | None = None,
        before: Callable[[Story], None] | None = None,
        sandbox_settings: Mapping[str, Any] | None = None,
        database: str = "",
        tier: str = "",
        environment: Mapping[str, str] | None = None,
        crm: str = "hubspot",
    ) -> None:
        self._environment = dict(environment or {})
        self._database = database or new_url("sqlite", folder)
        self.zone = zone
        self.kind = CRMS[crm]
        self.tier = tier or self.kind.tier
        self.folder = folder
        self.people = tuple(people)
        self.simulation = Simulation("simulated", self.at(begins))
        self._flask = assemble(self.simulation)
        self.hubspot: HubSpot = self._flask.extensions["hubspot"]
        self.hubspot.settings.update(sandbox_settings or {})
        self.vendor: VendorServer[Any] = self._flask.extensions["vendors"].by_crm[crm]
        self.account = self._account()
        self._settings = dict(settings or {})
        self._before = before
        self._stack = ExitStack()
        self.parts: Services | None = None
        self._numbers = 0

    # --- beginning and end -------------------------------------------------------------------

    def __enter__(self) -> Self:
        try:
            crm = serve(self._flask, port=0)
            crm.start()
            self.crm = Sandbox(crm.url)
            # The sandbox goes first: its end answers the app's waiting report at once.
            self._stack.callback(self._stop_app)
            self._stack.callback(crm.stop)
            if self._before is not None:
                self._before(self)
            self._start_app()
            self._connect()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def _account(self, portal: int = PORTAL, crm: Crm | None = None) -> Account:
        """A new account with the story's people in it. crm: of another vendor."""
        kind = crm or self.kind
        account = self.simulation.world.add_account(
            portal, "The firm", timezone=self.zone, currency="EUR",
            tier=self.tier if crm is None else crm.tier, crm=kind.name,
        )  # fmt: skip
        account.extra["people"] = {"kinds": kind.world_kinds}  # acts name stages by these words
        for number, name in enumerate(sorted({person.team for person in self.people}), 1):
            account.add_team(Team(str(number), name))
        for number, person in enumerate(self.people):
            _add_user(account, number, person)
        return account

    def _start_app(self) -> None:
        server = HttpServer(lambda environ, start_response: self._app(environ, start_response))
        self.url = server.url
        self.config = self._config()
        self._stack.callback(server.stop)
        self._run()
        server.start()

    def _run(self) -> None:
        self.parts = start(self.config)
        self.web = create_app(self.parts)
        self._app = self.web.wsgi_app

    def _stop_app(self) -> None:
        if self.parts is None:
            return
        stopping = threading.Thread(target=self.parts.stop)
        stopping.start()
        with suppress(requests.RequestException):
            self.crm.grant(self.now + 1)  # answers the report that the app waits for
        stopping.join()
        self._app, self.parts = _away, None

    def restart(self, meanwhile: Callable[[], object] = lambda: None) -> None:
        """Stop the app, let something happen in the CRM that nobody hears of, start it again."""
        self._stop_app()
        meanwhile()
        self._run()
        self.settle()

    def _config(self) -> Config:
        self.environment = {
            "FOLLOWTHROUGH_URL": self.url,
            "FOLLOWTHROUGH_KEYS": Fernet.generate_key().decode(),
            "SECRET_KEY": secrets.token_urlsafe(40),
            "DATABASE_URL": self._database,
            **self.kind.environment(self.crm.url, CLIENT_SECRET),
            "FOLLOWTHROUGH_SIMULATION": f"{self.crm.url}/sandbox",
            "RATE_MULTIPLIER": "1000",
            **self._environment,
        }
        return from_environment(self.environment)

    def _connect(self) -> None:
        self.admin = Admin(self.url)
        self.register(self.kind)
        self.kind.prepare(self.account, self.simulation.world.apps[self.kind.app_id])
        self.admin.install(crm=self.kind.name)
        self.admin.wait_for_import()
        self.admin.confirm_stages({stage: kind for kind, stage in self.kind.kinds.items()})
        owners = self.crm.account()["owners"]
        self.admin.name_managers([{**one, "id": self.outer("owners", one["id"])} for one in owners])
        settings = {**self.kind.settings, **self._settings}
        if settings:
            self.admin.settings(settings)
        self.settle()

    def register(self, kind: Crm) -> None:
        """Register the app with a vendor, as its developer once did."""
        self.crm.register(
            app_id=kind.app_id,
            client_id=kind.client_id,
            client_secret=CLIENT_SECRET,
            **kind.vendor.registration(self.url),
        )

    # --- ids ---------------------------------------------------------------------------------

    def outer(self, kind: str, id: str) -> str:
        """A record's id, or an owner's (kind `owners`), as the CRM's HTTP and the app know it."""
        return self.vendor.outer_id(self.account, kind, id)

    def inner(self, value: Any) -> Any:
        """The world's id of what the CRM's HTTP names so; anything else stays."""
        return self.vendor.inner_id(value) if isinstance(value, str) else value

    def owner(self, person: Person) -> str:
        """A person's id as the app knows it."""
        return self.outer("owners", person.owner_id)

    # --- business time -----------------------------------------------------------------------

    @property
    def now(self) -> int:
        return self.simulation.clock.now()

    def at(self, local: str) -> int:
        """The instant of `2026-09-10 09:00` in the story's zone."""
        moment = datetime.fromisoformat(local).replace(tzinfo=ZoneInfo(self.zone))
        return int(moment.timestamp() * 1000)

    def local(self, instant: int, zone: str | None = None) -> str:
        """`Thu 2026-09-10 09:00` in the story's zone, or another."""
        moment = datetime.fromtimestamp(instant / 1000, ZoneInfo(zone or self.zone))
        return f"{moment:%a %Y-%m-%d %H:%M}"

    def until(self, delay: str) -> None:
        """Let `+3d`, `+4h` or `+10min` pass; days keep the local time of day."""
        wanted = parse_delay(delay.removeprefix("+"))
        if wanted.unit == "d":
            zone = ZoneInfo(self.zone)
            local = datetime.fromtimestamp(self.now / 1000, zone) + timedelta(days=wanted.amount)
            self.to(int(local.timestamp() * 1000))
        else:
            self.to(self.now + wanted.approximate_ms())

    def to(self, when: int | str) -> None:
        """Let business time pass up to an instant and until the app has done all due by then."""
        instant = self.at(when) if isinstance(when, str) else when
        if self.parts is None:
            self.simulation.barrier.begin(max(instant, self.now))
            return
        self.crm.grant(instant)
        self._wait(instant)
        # Only the app's report at the instant itself lets time go on to the next millisecond.
        self.crm.grant(instant + 1)
        self._wait(instant + 1)

    def settle(self) -> None:
        """Let the app take in what has happened; no time passes to speak of where the CRM tells of
        changes at once, else as much as until the app next asks."""
        self.to(self.now + self.kind.lag_ms)

    def _wait(self, instant: int) -> None:
        deadline = time.monotonic() + _PATIENCE_S
        while self.now < instant:
            if time.monotonic() > deadline:
                health = {k: v for k, v in self.admin.get("/api/health").items() if k != "calls"}
                raise AssertionError(
                    f"business time stands at {self.local(self.now)}; the app has: {health}"
                )
            time.sleep(0.002)

    # --- what people do ----------------------------------------------------------------------

    def act(self, verb: str, **params: Any) -> str:
        """A deed in the CRM, one of `sandbox.world.people_acts.VERBS`. The record's id."""
        given = {name: self.inner(value) for name, value in params.items()}
        body = {"portal": PORTAL, "verb": verb, **given}
        told = self.crm.call("POST", "/sandbox/act", body)
        return self.outer(told["kind"], str(told["id"]))

    def contact(self, first: str = "Nora", **params: Any) -> str:
        """A new contact without a deal."""
        self._numbers += 1
        fields = {"email": f"{first.lower()}{self._numbers}@prospect.example", **params}
        return self.act("create_contact", firstname=first, lastname="Vos", **fields)

    def deal(
        self,
        stage: str = "new",
        *,
        owner: Person | None = ADA,
        contact: str | None = None,
        amount: int | None = 5000,
        name: str = "Big sale",
    ) -> str:
        """A new deal with one contact; contact "" leaves it without any."""
        if contact is None:
            contact = self.contact(owner=owner.owner_id if owner else "")
        return self.act(
            "create_deal",
            name=name,
            stage=stage,
            amount="" if amount is None else str(amount),
            contact=contact,
            owner=owner.owner_id if owner else "",
        )

    def unheard(self, deed: Callable[[], Answer]) -> Answer:
        """Something happens in the CRM, and every webhook about it is lost."""
        fault = self.crm.call(
            "POST", "/sandbox/faults", {"match": "EVENT .*", "kind": "drop", "times": 0}
        )
        answer = deed()
        self.settle()
        self.crm.call("DELETE", f"/sandbox/faults?id={fault['id']}")
        return answer

    def merge(self, kind: str, primary: str, other: str) -> str:
        """Merge two records of a kind, as a user does in the CRM. The id of what they became."""
        return self.act("merge", kind=kind, primary=primary, other=other)

    def delete(self, kind: str, record: str) -> None:
        """Move a record to the CRM's recycle bin."""
        self.act("delete", kind=kind, record=record)

    def restore(self, kind: str, record: str) -> None:
        """Take a record out of the recycle bin."""
        self.act("restore", kind=kind, record=record)

    def link(self, deal: str, contact: str, label: str = "") -> None:
        """Associate a contact with a deal, as a user does in the CRM."""
        labels = ("", label) if label else ("",)
        with self.simulation.world.lock:
            self.account.associate(
                ("deals", self.inner(deal)),
                Link("contacts", self.inner(contact), labels),
                self.by(self.people[0]),
            )
        self.simulation.barrier.poke()

    def move(self, deal: str, stage: str) -> None:
        self.act("move_deal", deal=deal, stage=stage)

    def by(self, person: Person) -> Actor:
        """The person as the CRM names whoever changes a record."""
        return Actor.user(9000 + self.people.index(person))

    def control(self, deal: str, value: str, until: int | None = None) -> None:
        """What a rep sets in our property on the deal."""
        if until is not None:
            self.act(
                "set_property", kind="deals", record=deal, property="followthrough_pause_until",
                value=str(until),
            )  # fmt: skip
        self.set_control("deals", deal, value)

    def set_control(self, kind: str, record: str, value: str) -> None:
        """Our control property on a deal or on a contact."""
        self.act(
            "set_property", kind=kind, record=record, property="followthrough_control", value=value
        )

    def to_deal(self, deal: str) -> Link:
        """An association to a deal, for records that no verb makes."""
        return Link("deals", self.inner(deal))

    # --- what the CRM's own admin sets up -----------------------------------------------------

    def change_account(self, **changes: Any) -> dict[str, Any]:
        """The account's tier, seats, inboxes, sequences or unenrol_workflow, from now on."""
        return self.crm.call("POST", f"/sandbox/accounts/{PORTAL}", changes)

    def sequence(
        self,
        name: str = "Warm outreach",
        *,
        user: Person = ADA,
        steps: Iterable[Mapping[str, Any]] = (
            {"email": "Shall we talk?"},
            {"email": "Second thoughts?", "after": 2 * 86_400},
            {"task": "Call them", "type": "CALL", "after": 86_400},
        ),
        **more: Any,
    ) -> str:
        """A sequence in the CRM, of a user whose inbox is connected. Its id."""
        user_id = 9000 + self.people.index(user)
        row = {"name": name, "user": user_id, "steps": list(steps), **more}
        told = self.change_account(sequences=[row], inboxes={str(user_id): [user.email]})
        return next(one["id"] for one in told["sequences"] if one["name"] == name)

    # --- playbooks ---------------------------------------------------------------------------

    def live(self, playbook: str, mode: str = "live") -> list[dict[str, Any]]:
        """Save a preset (by id) or a playbook (as YAML) and set its rules' mode."""
        source = {"text": playbook} if "\n" in playbook else {"preset": playbook}
        return self.activate(self.admin.save(source), mode)

    def activate(self, playbook: str, mode: str) -> list[dict[str, Any]]:
        # A report that the app made before would let time pass what it owes since: so settle.
        return self.change("POST", f"/api/playbooks/{playbook}/activate", {"mode": mode})["rules"]

    def change(self, method: str, path: str, body: Any = None) -> Any:
        """A change that the admin makes over the API, taken in before time goes on."""
        answer = self.admin.change(method, path, {} if body is None else body)
        self.settle()
        return answer

    # --- what stands in the CRM --------------------------------------------------------------

    def export(self, kinds: str) -> dict[str, Any]:
        return self.crm.export(PORTAL, kinds)

    def tasks(self, about: str | None = None) -> list[Task]:
        """Our tasks, archived ones too, by due time; about: of one deal or contact.

        An archived record has lost its associations in the CRM, so then our touches say whose it
        was.
        """
        found = [
            self._task(row)
            for row in self.export("tasks")["tasks"]
            if row["created_by"][0] == "INTEGRATION"
        ]
        if about is not None:
            ids = {t["task_id"] for t in self.touches() if t["subject_id"] == about}
            found = [t for t in found if t.id in ids or about in (*t.deals, *t.contacts)]
        return sorted(found, key=lambda task: (task.due_at, task.subject))

    def open(self, about: str | None = None) -> list[Task]:
        return [task for task in self.tasks(about) if task.open]

    def lines(self, about: str | None = None) -> list[tuple[str, str]]:
        """(due, subject without the record's name) of the open tasks, by due time."""
        return [(task.due, task.subject.split(" — ")[0]) for task in self.open(about)]

    def titles(self, about: str | None = None) -> list[str]:
        """The subjects of `lines` alone."""
        return [subject for _, subject in self.lines(about)]

    def mistakes(self, text: str, name: str = "") -> list[dict[str, Any]]:
        """What is wrong with a playbook's file, which is refused for it."""
        query = f"?name={name}" if name else ""
        answer = self.admin.session.post(
            f"{self.url}/api/playbooks{query}",
            data=text.encode(),
            headers={
                "Content-Type": "application/yaml",
                "X-CSRF-Token": self.admin.get("/api/session")["csrf"],
            },
            timeout=_PATIENCE_S,
        )
        assert answer.status_code == 422, answer.text
        return answer.json()["problems"]

    def _task(self, row: Mapping[str, Any]) -> Task:
        fields = row["properties"]
        due = int(fields["hs_timestamp"])
        names = {person.owner_id: person.first for person in self.people}
        linked = {
            kind: tuple(self.outer(kind, one["id"]) for one in row["associations"].get(kind, ()))
            for kind in ("deals", "contacts")
        }
        return Task(
            id=self.outer("tasks", row["id"]),
            subject=fields["hs_task_subject"],
            due=self.local(due),
            due_at=due,
            made=self.local(row["created_at"]),
            status=fields["hs_task_status"],
            owner=names.get(fields.get("hubspot_owner_id", ""), ""),
            archived=row["archived"],
            type=fields["hs_task_type"],
            priority=fields.get("hs_task_priority", ""),
            body=fields.get("hs_task_body", ""),
            deals=linked["deals"],
            contacts=linked["contacts"],
            state=fields.get("followthrough_state", ""),
            reason=fields.get("followthrough_state_reason", ""),
            touch_id=fields.get("followthrough_touch_id", ""),
            history=row["history"],
        )

    def properties(self, kind: str, record: str) -> dict[str, str]:
        """A record's properties in the CRM."""
        rows = self.export(kind)[kind]
        return next(r["properties"] for r in rows if r["id"] == self.inner(record))

    # --- what the app says -------------------------------------------------------------------

    def touches(self) -> list[dict[str, Any]]:
        return self.admin.touches()

    def subject(self, deal: str, type: str = "deal") -> dict[str, Any]:
        """The subject whole: where, next, who, flags, enrolments, touches, ledger."""
        return self.admin.get(f"/api/subjects/{type}/{deal}")

    def why(self, deal: str, rule: str, type: str = "deal") -> str:
        """The answer to "why did, or didn't, this rule act on it?"."""
        return self.admin.get(f"/api/why/{type}/{deal}?rule={rule}")["answer"]

    def whys(self, deal: str, rule: str, type: str = "deal") -> list[str]:
        """All that was decided by the rule about a subject and its touches, the latest first."""
        found = self.admin.get(f"/api/why/{type}/{deal}?rule={rule}")["decisions"]
        return [line["text"] for line in found]

    def codes(self, deal: str, scope: str = "", type: str = "deal") -> list[str]:
        """Codes of the ledger's lines on a subject, oldest first."""
        lines = self.subject(deal, type)["ledger"]
        return [line["code"] for line in reversed(lines) if line["scope"].startswith(scope)]

    def ended(self, deal: str, type: str = "deal") -> dict[str, str | None]:
        """definition → why its latest enrolment ended; None while it runs."""
        rows = reversed(self.subject(deal, type)["enrolments"])
        return {row["definition"]: row["end_reason"] for row in rows}

    def notices(self, person: Person | None) -> list[dict[str, Any]]:
        """What somebody was told, oldest first; None: the admins."""
        assert self.parts is not None
        with self.parts.store.read() as conn:
            (installation,) = installations.read(conn)
            owner = self.owner(person) if person else None
            return reading.notices_of(conn, installation["id"], owner)[::-1]

    def command(self, *words: str, simulated: bool = True) -> Result:
        """What `bin/followthrough` prints beside the running app; else by the clock on the wall."""
        env = {
            "FOLLOWTHROUGH_URL": self.config.url,
            "FOLLOWTHROUGH_KEYS": ",".join(self.config.keys),
            "SECRET_KEY": self.config.secret_key,
            "DATABASE_URL": self.config.database_url,
            **self.kind.environment(self.crm.url, CLIENT_SECRET),
            "FOLLOWTHROUGH_SIMULATION": self.config.simulation if simulated else "",
        }
        return CliRunner().invoke(main, words, env=env)

    def refusals(self) -> dict[str, int]:
        """reason → requests refused so far."""
        assert self.parts is not None
        with self.parts.store.read() as conn:
            return {row["reason"]: row["count"] for row in calls.refused(conn)}

    def wall(self) -> Wall:
        return Wall(time.time_ns() // 1_000_000)

    def browser(self) -> requests.Session:
        """Somebody else's browser, not signed in."""
        session = requests.Session()
        session.trust_env = False
        return session

    def signed_in(self, person: Person) -> requests.Session:
        """A browser in which the person opened their sign-in link."""
        browser, link = self.browser(), self.admin.signin_link(person.email)
        answer = browser.post(link, timeout=10)
        assert answer.status_code == 200, answer.text
        return browser


def _away(environ: Any, start_response: Callable[..., Any]) -> list[bytes]:
    """What a caller of a stopped app meets; the vendor delivers its webhooks again."""
    start_response("503 Service Unavailable", [("Content-Type", "text/plain")])
    return [b"away"]


def _add_user(account: Account, number: int, person: Person) -> None:
    joined = account.world.clock.now() - 400 * 86_400_000
    fields = {
        "hs_email": person.email,
        "hs_given_name": person.first,
        "hs_family_name": "Firm",
        "hs_job_title": person.title,
        "hs_standard_time_zone": person.zone,
        "hs_internal_user_id": str(9000 + number),
        "hubspot_owner_id": person.owner_id,
    }
    if person.hours is not None:
        start, end = person.hours
        block = {"days": "MONDAY_TO_FRIDAY", "startMinute": start, "endMinute": end}
        fields["hs_working_hours"] = json.dumps([block])
    record = account.create("users", fields, Actor.user(9000 + number), at=joined)
    team = next(team.id for team in account.teams.values() if team.name == person.team)
    account.add_owner(
        Owner(
            id=person.owner_id,
            user_id=9000 + number,
            email=person.email,
            first_name=person.first,
            last_name="Firm",
            teams=[(team, True)],
            created_at=joined,
            user_record_id=record.id,
        )
    )


def playbook(rules: str, sequences: str = "", name: str = "test") -> str:
    """A playbook as YAML around its rules and sequences; `t` is a template to name in steps."""
    parts = [f"playbook: {name}", "rules:", indent(dedent(rules).strip(), "  ")]
    if sequences:
        parts += ["sequences:", indent(dedent(sequences).strip(), "  ")]
    parts += ["templates:", "  t: {decides: Is this decided?, body: Ask for the decision.}"]
    return "\n".join(parts) + "\n"
