"""Where the people of the generated companies live whose own records do not say."""

from __future__ import annotations

from collections.abc import Mapping

from demo.calendars import zone_of
from demo.facts import Raw

_COUNTRIES = {
    "Germany": "Europe/Berlin",
    "United States": "America/New_York",  # all of them are in that state
    "Japan": "Asia/Tokyo",
}


def zone_by_company(record: Raw, companies: Mapping[str, Raw]) -> str:
    """Zone of the company of a contact or a deal, its main one where it has several; "" for none.
    """
    ends = record["associations"].get("companies", ())
    for end in sorted(ends, key=lambda end: "primary" not in end["labels"]):
        company = companies.get(end["id"])
        if company is not None:
            given = company["properties"]
            own = zone_of(given.get("timezone", ""))
            return own or _COUNTRIES.get(given.get("country", ""), "")
    return ""
