"""Which keys may stand where: what an unknown key is compared with for `did you mean`."""

from __future__ import annotations

from pydantic import BaseModel

from app.playbooks.control_schema import BranchOnYaml, ShareYaml, WaitForYaml
from app.playbooks.end_schema import CoolDownYaml, EndsByReasonYaml, EndYaml, ReviewYaml
from app.playbooks.event_schema import EventYaml, NearYaml, SurgeYaml, UrgentYaml
from app.playbooks.momentum_schema import (
    EntryYaml,
    HotYaml,
    MomentumYaml,
    RecycleYaml,
    StillYaml,
    WarmYaml,
)
from app.playbooks.playbook_schema import NeedYaml, PlaybookYaml
from app.playbooks.schema import (
    ACTION_KEYS,
    CompareYaml,
    CountYaml,
    DateYaml,
    HoldYaml,
    NotifyYaml,
    RuleYaml,
    ScopeYaml,
    SequenceYaml,
    SetYaml,
    StalledYaml,
    TemplateYaml,
    WhenYaml,
)
from app.playbooks.step_schema import AssignToYaml, NativeYaml, SkipYaml, StepYaml, ThenYaml
from app.wording.language import suggest

_SHAPES: dict[str, type[BaseModel]] = {
    "": PlaybookYaml,
    "rules": RuleYaml,
    "sequences": SequenceYaml,
    "steps": StepYaml,
    "create_tasks": StepYaml,
    "templates": TemplateYaml,
    "when": WhenYaml,
    "goal": WhenYaml,
    "if": CompareYaml,
    "scope": ScopeYaml,
    "late": SkipYaml,
    "notify": NotifyYaml,
    "set": SetYaml,
    "hold": HoldYaml,
    "sequence": NativeYaml,
    "assign": AssignToYaml,
    "date": DateYaml,
    "opened": CountYaml,
    "clicked": CountYaml,
    "event": EventYaml,
    "surge": SurgeYaml,
    "near": NearYaml,
    "urgent": UrgentYaml,
    "needs": NeedYaml,
    "wait": WaitForYaml,
    "branch": BranchOnYaml,
    "split": ShareYaml,
    "until": WhenYaml,
    "seen": WhenYaml,
    "else": StepYaml,
    "end": EndYaml,
    "again": CoolDownYaml,
    "review": ReviewYaml,
    **dict.fromkeys(EndsByReasonYaml.model_fields, EndYaml),
    "momentum": MomentumYaml,
    "hot": HotYaml,
    "warm": WarmYaml,
    "recycle": RecycleYaml,
    "stalls": StillYaml,
    "silent": StillYaml,
    "stalled": StalledYaml,
}


def keys_at(location: tuple[int | str, ...]) -> list[str]:
    """The keys that may stand beside the last part of `location`, for a suggestion."""
    parents = [part for part in location[:-1] if isinstance(part, str)]
    if parents[-1:] == ["when"] and isinstance(location[-2], int):
        return _names(EntryYaml)
    if location[-3:-2] == ("then",) and isinstance(location[-2], int):
        # Under a rule stand actions, on a way on of a sequence steps.
        return list(ACTION_KEYS if location[0] == "rules" else StepYaml.model_fields)
    if parents and parents[-1] == "then":
        return list(ThenYaml.model_fields)
    # Under `templates` the nearest word is the template's own id, so the search goes outwards.
    for name in (*reversed(parents), ""):
        if name in _SHAPES:
            return _names(_SHAPES[name])
    return []


def _names(shape: type[BaseModel]) -> list[str]:
    return [field.alias or key for key, field in shape.model_fields.items()]


def key_hint(location: tuple[int | str, ...]) -> str:
    """`did you mean …?` for a key that does not belong at `location`."""
    return suggest(str(location[-1]), keys_at(location))
