"""What is wrong with a playbook, said so that its author can mend it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake and where it stands.

    file: name under which the text was given. line, column: from 1; 0 where there is no text.
    field: path such as `rules[0].when.stage_entered`. suggestion: what would be right.
    """

    file: str
    line: int
    column: int
    field: str
    message: str
    suggestion: str = ""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        where = f" {self.field}:" if self.field else ""
        hint = f"; {self.suggestion}" if self.suggestion else ""
        return f"{place}:{where} {self.message}{hint}"


class PlaybookError(Exception):
    """A playbook was refused as a whole; nothing of it may be used. `problems` says all of why."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


def field_path(location: tuple[int | str, ...]) -> str:
    """`("rules", 0, "when")` as `rules[0].when`."""
    text = ""
    for part in location:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{part}" if text else part
    return text
