"""The playbooks that ship with the product, in `sequence_defs/`."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from app.model.playbook import Playbook
from app.playbooks.loader import load_text

_FOLDER = Path(__file__).resolve().parents[2] / "sequence_defs"


def preset_ids() -> tuple[str, ...]:
    """Ids of all presets, sorted; each is the name of its file without `.yaml`."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.yaml")))


def preset_text(preset: str) -> str:
    """The preset's YAML, to be edited or saved as a version. Raises KeyError for an unknown id."""
    if preset not in preset_ids():
        raise KeyError(f"there is no preset {preset!r}; there are: {', '.join(preset_ids())}")
    return (_FOLDER / f"{preset}.yaml").read_text(encoding="utf-8")


@cache
def preset(preset: str) -> Playbook:
    """The preset, read and checked once a process."""
    return load_text(preset_text(preset), f"{preset}.yaml", trusting=True)
