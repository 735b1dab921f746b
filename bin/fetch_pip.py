"""Puts pip into the virtual environment that runs this file, from the package index.

For systems whose python3 comes without ensurepip. Standard library only. The index is the one that
pip itself would ask: PIP_INDEX_URL, else `index-url` of pip's configuration files, else PyPI.
"""

from __future__ import annotations

import configparser
import hashlib
import os
import re
import ssl
import subprocess
import sys
import tempfile
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag, urljoin
from urllib.request import Request, urlopen

PYPI = "https://pypi.org/simple"
WHEEL = re.compile(r"^pip-(\d+(?:\.\d+)*)-py3-none-any\.whl$")


class Links(HTMLParser):
    """The links of a PEP 503 page: (address, `data-requires-python`)."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "a" and values.get("href") and "data-yanked" not in values:
            self.found.append((values["href"] or "", values.get("data-requires-python") or ""))


def configured(option: str) -> str | None:
    """An option as pip would find it: environment first, then its files, the user's before all."""
    value = os.environ.get("PIP_" + option.upper().replace("-", "_"))
    if value:
        return value
    home = Path.home()
    config = Path(os.environ.get("XDG_CONFIG_HOME", home / ".config"))
    named = os.environ.get("PIP_CONFIG_FILE")
    files = [Path(named)] if named else []
    files += [config / "pip/pip.conf", home / ".pip/pip.conf", Path("/etc/pip.conf")]
    for file in files:
        parser = configparser.RawConfigParser()
        parser.read(file)
        for section in ("install", "global"):
            if parser.has_option(section, option):
                return parser.get(section, option).strip()
    return None


def download(address: str) -> bytes:
    """The body of an address. Raises OSError where it cannot be had."""
    context = ssl.create_default_context(cafile=configured("cert"))
    request = Request(address, headers={"Accept": "text/html", "User-Agent": "pip"})
    with urlopen(request, timeout=60, context=context) as answer:
        return answer.read()


def newest_wheel(page: str, base: str, python: tuple[int, int]) -> tuple[str, str]:
    """(address, SHA-256 or "") of the newest pip that runs on `python`.

    Raises LookupError where the page lists none.
    """
    links = Links()
    links.feed(page)
    wheels: list[tuple[tuple[int, ...], str]] = []
    for address, needs in links.found:
        name = unquote(urldefrag(address).url.rsplit("/", 1)[-1])
        match = WHEEL.match(name)
        least = re.search(r">=\s*(\d+)\.(\d+)", needs)
        fits = least is None or (int(least[1]), int(least[2])) <= python
        if match and fits:
            version = tuple(int(part) for part in match[1].split("."))
            wheels.append((version, urljoin(base, address)))
    if not wheels:
        raise LookupError(f"{base} lists no pip for Python {python[0]}.{python[1]}")
    address, fragment = urldefrag(max(wheels)[1])
    return address, fragment.removeprefix("sha256=") if fragment.startswith("sha256=") else ""


def main() -> int:
    """Exit status: 0 done, 1 not possible, with one sentence on standard error."""
    base = (configured("index-url") or PYPI).rstrip("/") + "/pip/"
    try:
        address, digest = newest_wheel(download(base).decode(), base, sys.version_info[:2])
        wheel = download(address)
    except (OSError, LookupError) as error:
        print(f"pip cannot be fetched from {base}: {error}", file=sys.stderr)
        return 1
    if digest and hashlib.sha256(wheel).hexdigest() != digest:
        print(f"{address} is damaged: its SHA-256 is not the listed one", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / unquote(address.rsplit("/", 1)[-1])
        file.write_bytes(wheel)
        install = ["install", "--quiet", "--no-index", "--no-deps", "--no-warn-script-location"]
        # A wheel is a zip that Python can run from: pip installs itself.
        return subprocess.call([sys.executable, f"{file}/pip", *install, str(file)])


if __name__ == "__main__":
    sys.exit(main())
