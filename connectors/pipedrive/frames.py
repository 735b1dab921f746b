"""Panels in Pipedrive: a page of ours in a frame, with a token of five minutes in its address.

The token is signed (HS256) with the app's client secret and names the user and the company; what
the address says of them beside it is nobody's word.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qs, urlsplit

import jwt

from app.model.time import SECOND, Wall
from connectors.contract import Asker, BadSignature, Framed, ObjectType

_RESOURCES: Mapping[str, ObjectType] = {"deal": "deal", "person": "contact"}
_LEEWAY_MS = 30 * SECOND


def verify_frame(secret: str, url: str, now: Wall) -> Framed:
    """Who looks at which record. Raises BadSignature with what was wrong."""
    query = {name: found[0] for name, found in parse_qs(urlsplit(url).query).items()}
    try:
        said = jwt.decode(
            query.get("token", ""), secret, algorithms=["HS256"],
            options={"require": ["exp"], "verify_exp": False, "verify_iat": False},
        )  # fmt: skip
        account, user, until = str(said["companyId"]), str(said["userId"]), int(said["exp"])
    except (jwt.InvalidTokenError, KeyError, TypeError, ValueError):
        raise BadSignature(
            "The address bears no token that Pipedrive signed for this app. Check that the panel "
            "is registered with the client secret as its JWT secret."
        ) from None
    if now > until * SECOND + _LEEWAY_MS:
        raise BadSignature("The panel was opened more than five minutes ago; reload the record.")
    type = _RESOURCES.get(query.get("resource", ""))
    ids = [id for id in query.get("selectedIds", "").split(",") if id.isdigit()]
    if type is None or len(ids) != 1:
        raise BadSignature("The panel is made for one deal or one person.")
    return Framed(Asker(account, user), type, ids[0])
