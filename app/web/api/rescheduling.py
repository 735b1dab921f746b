"""One running follow-up's times, changed by whoever may see its record."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, Response

from app.model.rescheduling import By, Change, JumpTo, PauseUntil, Skip, To
from app.model.time import Business, local_instant, parse_delay
from app.web import access, telling
from app.web.answers import Refusal, answer, body, services, wrong
from app.web.api.setup import wake
from app.web.api.waiting import lanes_refuse

blueprint = Blueprint("api_rescheduling", __name__)


@blueprint.post("/enrolments/<enrolment>/reschedule")
@access.require()
def reschedule(enrolment: str) -> Response:
    """Change its times: exactly one of {"by": "3d"}, {"to": time}, {"pause_until": time},
    {"skip": step}, {"jump": step}. A time is local ("2026-09-21T10:00") or in milliseconds."""
    parts, who = services(), access.viewer()
    change = _change(body(), _zone_where_seen(enrolment))
    with lanes_refuse():
        done = parts.runtime.reschedule(who.installation_id, enrolment, change, who.who)
    wake("dispatch")
    return answer(done)


def _zone_where_seen(enrolment: str) -> str:
    """The installation's zone. Reps change their own records' times, managers their team's."""
    who = access.viewer()
    with services().store.read() as conn:
        if not access.sees_enrolment(conn, enrolment):
            raise Refusal(
                404, "enrolment", f"There is no follow-up {enrolment!r} that is yours.",
                "GET /api/subjects/<type>/<id> lists a record's under `enrolments`.",
            )
        return telling.zone_of(conn, who.installation_id)


def _change(given: Mapping[str, Any], zone: str) -> Change:
    makers: dict[str, Callable[[str, Any], Change]] = {
        "by": lambda field, value: By(_delay(field, value)),
        "to": lambda field, value: To(_instant(field, value, zone)),
        "pause_until": lambda field, value: PauseUntil(_instant(field, value, zone)),
        "skip": lambda field, value: Skip(_step(field, value)),
        "jump": lambda field, value: JumpTo(_step(field, value)),
    }
    asked = [field for field in makers if given.get(field) not in (None, "")]
    strange = sorted(set(given) - set(makers))
    if len(asked) != 1 or strange:
        field = strange[0] if strange else "by"
        raise wrong(field, "not understood" if strange else "exactly one word is needed",
                    f"Send one of {', '.join(makers)}, such as {{\"by\": \"3d\"}}.")
    return makers[asked[0]](asked[0], given[asked[0]])


def _delay(field: str, value: Any) -> Any:
    try:
        return parse_delay(str(value))
    except ValueError as error:
        raise wrong(field, str(error), "Such as 3d, 2wd or 4h.") from None


def _instant(field: str, value: Any, zone: str) -> Business:
    if type(value) is int:
        return Business(value)
    try:
        return Business(local_instant(str(value), zone))
    except ValueError as error:
        raise wrong(field, str(error), "A number is taken as milliseconds.") from None


def _step(field: str, value: Any) -> str:
    if not isinstance(value, str):
        raise wrong(field, f"{value!r} is no step's id", "GET /api/subjects/… lists the steps.")
    return value
