"""Countries of the holiday calendar, as settings and people name them."""

from __future__ import annotations

from functools import lru_cache


@lru_cache(maxsize=1)
def _countries() -> dict[str, frozenset[str]]:
    from holidays import list_supported_countries  # imported late: it takes 0.4 s

    listed = list_supported_countries(include_aliases=False)
    return {country: frozenset(parts) for country, parts in listed.items()}


def split_country(value: str) -> tuple[str, str | None]:
    """`DE` → ("DE", None); `US-CA` → ("US", "CA"). Raises ValueError that says what is right."""
    country, _, part = value.partition("-")
    known = _countries()
    if country not in known:
        raise ValueError("not a country of the holiday calendar; write its ISO code, such as DE, "
                         "or with a state, such as US-CA")
    if part and part not in known[country]:
        parts = ", ".join(sorted(known[country])) or "none"
        raise ValueError(f"{country} has no part {part!r} in the holiday calendar; there are: "
                         f"{parts}")
    return country, part or None
