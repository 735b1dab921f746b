"""In which time zones somebody may be whose telephone number, or whose company's country, is known.

Answers are zones of the tz database, parted by spaces, each kind of day once: of zones whose clocks
agree all year one stands for all. Several mean that it may be any of them. Telephone numbers are
read by Google's tables (`phonenumbers`), countries by the names of Unicode's CLDR in a dozen
languages (`babel`), and their zones by the tz database's own `zone.tab`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from importlib.resources import files
from zoneinfo import ZoneInfo

from app.installations.people import is_zone

_ALIKE_IN = range(2025, 2031)
"""Years whose months are compared: rules of daylight saving differ in weeks, not in decades."""

_LANGUAGES = ("en", "de", "fr", "es", "it", "nl", "pt", "sv", "da", "nb", "fi", "pl", "cs", "ja")

_ALSO = {
    "united states of america": "US", "the united states": "US", "america": "US", "u.s.a.": "US",
    "u.s.": "US", "great britain": "GB", "england": "GB", "scotland": "GB", "wales": "GB",
    "northern ireland": "GB", "holland": "NL", "the netherlands": "NL", "czech republic": "CZ",
    "russian federation": "RU", "republic of korea": "KR", "korea": "KR", "uae": "AE",
    "republic of ireland": "IE", "viet nam": "VN", "turkey": "TR",
}  # fmt: skip
"""What people write that is nowhere a name of CLDR's."""

_PARTS: Mapping[str, Mapping[str, str]] = {
    "US": {
        "America/New_York": "CT Connecticut,DC District of Columbia,DE Delaware,GA Georgia,MA "
        "Massachusetts,MD Maryland,ME Maine,NC North Carolina,NH New Hampshire,NJ New Jersey,"
        "NY New York,OH Ohio,PA Pennsylvania,RI Rhode Island,SC South Carolina,VA Virginia,"
        "VT Vermont,WV West Virginia",
        "America/Detroit America/Menominee": "MI Michigan",
        "America/New_York America/Chicago": "FL Florida,IN Indiana,KY Kentucky,TN Tennessee",
        "America/Chicago": "AL Alabama,AR Arkansas,IA Iowa,IL Illinois,LA Louisiana,MN Minnesota,"
        "MO Missouri,MS Mississippi,OK Oklahoma,WI Wisconsin",
        "America/Chicago America/Denver": "KS Kansas,ND North Dakota,NE Nebraska,SD South Dakota,"
        "TX Texas",
        "America/Denver": "CO Colorado,MT Montana,NM New Mexico,UT Utah,WY Wyoming",
        "America/Boise America/Los_Angeles": "ID Idaho,OR Oregon",
        "America/Phoenix America/Denver": "AZ Arizona",
        "America/Los_Angeles": "CA California,NV Nevada,WA Washington",
        "America/Anchorage America/Adak": "AK Alaska",
        "Pacific/Honolulu": "HI Hawaii",
    },
    "CA": {
        "America/Toronto America/Winnipeg": "ON Ontario",
        "America/Toronto America/Blanc-Sablon": "QC Quebec,QC Québec",
        "America/Halifax": "NS Nova Scotia,NB New Brunswick,PE Prince Edward Island",
        "America/St_Johns America/Goose_Bay": "NL Newfoundland and Labrador",
        "America/Winnipeg": "MB Manitoba",
        "America/Regina America/Edmonton": "SK Saskatchewan",
        "America/Edmonton": "AB Alberta,NT Northwest Territories",
        "America/Vancouver America/Edmonton America/Fort_Nelson": "BC British Columbia",
        "America/Whitehorse": "YT Yukon",
        "America/Iqaluit America/Rankin_Inlet America/Cambridge_Bay": "NU Nunavut",
    },
    "AU": {
        "Australia/Sydney": "NSW New South Wales,ACT Australian Capital Territory",
        "Australia/Melbourne": "VIC Victoria",
        "Australia/Hobart": "TAS Tasmania",
        "Australia/Brisbane": "QLD Queensland",
        "Australia/Adelaide": "SA South Australia",
        "Australia/Darwin": "NT Northern Territory",
        "Australia/Perth": "WA Western Australia",
    },
}  # fmt: skip
"""Country → its zones → its parts there, by code and name. Of the countries in which a whole
working day lies between the coasts, those whose companies' addresses name the part."""


@lru_cache(maxsize=65_536)
def zones_of_phone(number: str | None) -> str | None:
    """Zones of an international number (+49 …, or with 00); None for any other, and for one that is
    of no place, such as a free one. A mobile number says where it was bought."""
    if not number:
        return None
    import phonenumbers  # imported late, with its tables of zones: they take 0.2 s and 9 MB
    from phonenumbers.timezone import time_zones_for_geographical_number

    text = number.strip()
    if text.startswith("00"):
        text = f"+{text[2:]}"
    try:
        parsed = phonenumbers.parse(text, None)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(parsed):
        return None
    kinds = phonenumbers.PhoneNumberType
    if phonenumbers.number_type(parsed) not in (
        kinds.FIXED_LINE, kinds.MOBILE, kinds.FIXED_LINE_OR_MOBILE
    ):  # fmt: skip
        return None
    return _told(time_zones_for_geographical_number(parsed))


@lru_cache(maxsize=4096)
def zones_of_country(country: str | None, part: str | None = None) -> str | None:
    """Zones of a country, by its code or its name, or of a part of it (a state, a province) where
    the country has several and the part is known."""
    code = _code(country)
    if code is None:
        return None
    named = _parts(code).get(_plain(part)) if part else None
    return _told(named or _countries().get(code, ()))


def _told(names: Iterable[str]) -> str | None:
    """Known zones, those that agree once, by the first of them."""
    alike: dict[tuple[int, ...], str] = {}
    for name in names:
        if is_zone(name):
            alike.setdefault(_clock(name), name)
    return " ".join(alike.values()) or None


@lru_cache(maxsize=1024)
def _clock(name: str) -> tuple[int, ...]:
    zone = ZoneInfo(name)
    moments = (datetime(y, m, 15, 12, tzinfo=UTC) for y in _ALIKE_IN for m in range(1, 13))
    offsets = (zone.utcoffset(moment) for moment in moments)
    return tuple(int(offset.total_seconds()) for offset in offsets if offset is not None)


def _code(country: str | None) -> str | None:
    """ISO 3166's two letters of a country as people and CRMs write it."""
    if not country:
        return None
    plain = _plain(country)
    if len(plain) == 2 and plain.upper() in _countries():
        return plain.upper()
    return _ALSO.get(plain) or _names().get(plain)


def _plain(text: str | None) -> str:
    return " ".join((text or "").split()).casefold()


@lru_cache(maxsize=1)
def _countries() -> Mapping[str, tuple[str, ...]]:
    """Country code → its zones, as the tz database lists them."""
    found: dict[str, list[str]] = defaultdict(list)
    listed = files("tzdata").joinpath("zoneinfo/zone.tab").read_text("utf-8")
    for line in listed.splitlines():
        if not line.startswith("#"):
            code, _, name = line.split("\t")[:3]
            found[code].append(name)
    return {code: tuple(names) for code, names in found.items()}


@lru_cache(maxsize=1)
def _names() -> Mapping[str, str]:
    """Every name of a country, and its three letters, → its two."""
    from babel import Locale  # imported late: the names take 0.4 s
    from babel.core import get_global

    known, found = _countries(), dict[str, str]()
    for language in _LANGUAGES:
        for code, name in Locale(language).territories.items():
            if code in known:
                found.setdefault(_plain(name), code)
    for alias, codes in get_global("territory_aliases").items():
        if len(codes) == 1 and codes[0] in known and alias.isalpha():
            found.setdefault(alias.casefold(), codes[0])
    return found


@lru_cache(maxsize=64)
def _parts(code: str) -> Mapping[str, tuple[str, ...]]:
    """Code and name of a part of the country → its zones."""
    found: dict[str, tuple[str, ...]] = {}
    for zones, parts in _PARTS.get(code, {}).items():
        for part in parts.split(","):
            short, _, name = part.partition(" ")
            found[_plain(short)] = found[_plain(name)] = tuple(zones.split())
    return found
