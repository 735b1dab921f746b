"""One run of the demo, from two empty servers to a finished account."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console

from demo.admin import Admin
from demo.checker import Verdict, check
from demo.http import Sandbox
from demo.owed import Terms
from demo.play import play
from demo.processes import DemoError, Servers

PRESETS = ("proposal", "inbound-lead", "post-meeting", "idle-deal")
REPLAYED = "proposal-stage-map"
RELEASE_PER_DAY = 10

_REPLAY = {
    "settle_ms": 60_000,
    "cap_7_days": None,
    "cap_30_days": None,
    "rep_daily_tasks": None,
    "merge": False,
    "holidays": None,
    "working_hours": False,
    "mail_poll_seconds": 86_400,
}
"""A replay shows the map of days alone: whatever puts off or shifts is off. Its files hold no mail,
so that a CRM whose webhooks do not tell of mail is asked for it once a day."""


@dataclass
class Session:
    """What a run leaves: who may sign in, what was activated, and what came of it.

    settings: of the app, beyond those that the kind of run wants.
    """

    servers: Servers
    console: Console
    sandbox: Sandbox
    admin: Admin
    account: dict[str, Any] = field(default_factory=dict[str, Any])
    roles: dict[str, str] = field(default_factory=dict[str, str])
    activated_at: dict[str, int] = field(default_factory=dict[str, int])
    replay: bool = False
    settings: dict[str, Any] = field(default_factory=dict[str, Any])

    @property
    def portal(self) -> int:
        return int(self.account["portal_id"])

    @property
    def kinds(self) -> dict[str, str]:
        """stage id → kind, as the account's own people mean their stages."""
        return {stage: kind for kind, stage in self.account["stage_kinds"].items()}

    def default_owner(self, name: str = "id") -> str:
        """Who gets the tasks of records without an owner: the manager, by the world's id or by
        the CRM's (``crm_id``)."""
        wanted = self.roles["manager"]
        return next((o[name] for o in self.account["owners"] if o["email"] == wanted), "")

    def install(self) -> None:
        """Register, consent, import, confirm stages, name the manager."""
        crm = self.servers.crm
        self.admin.register_at(self.sandbox, self.servers.client_secret, crm)
        self.admin.install(crm=crm.name)
        status = self.admin.wait_for_import()
        self.account = self.sandbox.account()
        self.console.print(
            f"Connected [bold]{self.account['name']}[/] through its consent page and imported "
            f"{status['imported']:,} records."
        )
        self.admin.confirm_stages(self.kinds)
        self.roles = self.admin.name_managers(self.account["owners"])
        settings: dict[str, Any] = {"default_owner": self.default_owner("crm_id") or None}
        settings |= self.servers.crm.settings
        if self.replay:
            settings |= _REPLAY
        self.admin.settings(settings | self.settings)
        self.console.print(
            f"Confirmed {len(self.kinds)} stages; {self.roles['manager'] or 'nobody'} manages."
        )

    def activate(
        self, sources: Sequence[Mapping[str, str]], modes: Sequence[str] = ("shadow", "live")
    ) -> None:
        """Save each playbook, `{"preset": id}` or `{"text": YAML}`, and set it to one mode after
        the other; the backlog of the last one is released."""
        playbooks = [self.admin.save(source) for source in sources]
        for mode in modes:
            backlog = 0
            for playbook in playbooks:
                rules = self.admin.activate(playbook, mode)
                backlog += sum(rule["backlog"] for rule in rules)
            now = self.sandbox.time()["now"]
            self.activated_at = dict.fromkeys(playbooks, now)
            self.console.print(
                f"Set {', '.join(playbooks)} to [bold]{mode}[/]: {backlog} records would already "
                "be owed something and wait for a release."
            )
        for row in self.admin.get("/api/backlog")["rules"]:
            self.admin.release(row["rule"], RELEASE_PER_DAY)
            self.console.print(
                f"Released the backlog of {row['rule']}: {row['count']}, {RELEASE_PER_DAY} a day."
            )

    def play(self) -> None:
        """Business time up to the account's end."""
        until = int(self.account["ends_at"])
        begun = int(self.sandbox.time()["now"])
        self.console.print(f"Playing {(until - begun) / 86_400_000:.0f} days of business time.")
        play(
            self.sandbox,
            until,
            self.account["timezone"],
            self.console,
            check=self.servers.check,
            count=lambda: int(self.admin.get("/api/status")["crm_objects"]),
        )

    def check(self) -> Verdict:
        """The checker's verdict on what stands in the CRM."""
        terms = Terms(
            self.activated_at, default_owner=self.default_owner(),
            per_day=0 if self.replay else RELEASE_PER_DAY, limits=not self.replay,
            asks_every=1000 * max(
                self.servers.crm.settings.get(name, 0)
                for name in ("poll_seconds", "mail_poll_seconds")
            ),
        )  # fmt: skip
        export = self.sandbox.export(self.portal)
        return check(export, self.kinds, terms, working_hours=not self.replay)


def begin(servers: Servers, console: Console, *, replay: bool) -> Session:
    """Both servers up and talked to."""
    servers.start_app()
    sandbox = Sandbox(servers.sandbox_url)
    if not sandbox.get("/sandbox/accounts")["accounts"]:
        raise DemoError("the sandbox has no account; give --deals 1 or more, or --data")
    return Session(servers, console, sandbox, Admin(servers.app_url), replay=replay)
