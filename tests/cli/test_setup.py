"""bin/setup and its bootstrap of pip, without touching the real environment."""

from __future__ import annotations

import hashlib
import http.server
import importlib.util
import os
import shutil
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def fetch_pip() -> ModuleType:
    spec = importlib.util.spec_from_file_location("fetch_pip", ROOT / "bin/fetch_pip.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


PAGE = """
<a href="../../files/pip-9.0.1-py2.py3-none-any.whl#sha256=aa">old name</a>
<a href="../../files/pip-24.0-py3-none-any.whl#sha256=bb" data-requires-python="&gt;=3.7">24.0</a>
<a href="../../files/pip-25.10-py3-none-any.whl#sha256=cc" data-requires-python="&gt;=3.9">25.10</a>
<a href="../../files/pip-25.9-py3-none-any.whl#sha256=dd" data-requires-python="&gt;=3.9">25.9</a>
<a href="../../files/pip-26.0-py3-none-any.whl#sha256=ee" data-requires-python="&gt;=3.14">26.0</a>
<a href="../../files/pip-25.99-py3-none-any.whl#sha256=ff" data-yanked="broken">25.99</a>
<a href="../../files/pip-99.tar.gz#sha256=00">source</a>
"""


def test_the_newest_wheel_that_fits_is_chosen(fetch_pip: ModuleType) -> None:
    base = "https://index.example/simple/pip/"
    address, digest = fetch_pip.newest_wheel(PAGE, base, (3, 11))
    assert address == "https://index.example/files/pip-25.10-py3-none-any.whl"
    assert digest == "cc"
    assert fetch_pip.newest_wheel(PAGE, base, (3, 8))[0].endswith("pip-24.0-py3-none-any.whl")


def test_an_index_without_pip_is_named(fetch_pip: ModuleType) -> None:
    with pytest.raises(LookupError, match="lists no pip for Python 3"):
        fetch_pip.newest_wheel("<html></html>", "https://index.example/pip/", (3, 11))


def test_the_index_comes_from_environment_then_files(
    fetch_pip: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "pip.conf"
    file.write_text("[global]\nindex-url = https://mirror.example/simple\n", encoding="utf-8")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(file))
    monkeypatch.delenv("PIP_INDEX_URL", raising=False)
    assert fetch_pip.configured("index-url") == "https://mirror.example/simple"
    monkeypatch.setenv("PIP_INDEX_URL", "https://other.example/simple")
    assert fetch_pip.configured("index-url") == "https://other.example/simple"


class Index(http.server.ThreadingHTTPServer):
    """A package index with one wheel, which when run writes its arguments into a file."""

    def __init__(self, folder: Path, digest: str | None = None) -> None:
        wheel = folder / "pip-25.0-py3-none-any.whl"
        with zipfile.ZipFile(wheel, "w") as archive:
            record = "import pathlib, sys\n"
            record += f"pathlib.Path({str(folder / 'ran')!r}).write_text(' '.join(sys.argv[1:]))\n"
            archive.writestr("pip/__main__.py", record)
        body = wheel.read_bytes()
        listed = digest or hashlib.sha256(body).hexdigest()
        page = f'<a href="../../files/{wheel.name}#sha256={listed}">{wheel.name}</a>'.encode()
        pages = {"/simple/pip/": page, f"/files/{wheel.name}": body}

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                found = pages.get(self.path)
                self.send_response(200 if found else 404)
                self.end_headers()
                self.wfile.write(found or b"")

            def log_message(self, format: str, *args: object) -> None:
                return

        super().__init__(("127.0.0.1", 0), Handler)


@pytest.fixture
def run_fetch(tmp_path: Path) -> Iterator[object]:
    servers: list[Index] = []

    def run(digest: str | None = None) -> subprocess.CompletedProcess[str]:
        server = Index(tmp_path, digest)
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        index = f"http://127.0.0.1:{server.server_port}/simple"
        environment = {"PIP_INDEX_URL": index, "PATH": os.environ["PATH"], "HOME": str(tmp_path)}
        command = [sys.executable, str(ROOT / "bin/fetch_pip.py")]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)

    yield run
    for server in servers:
        server.shutdown()
        server.server_close()


def test_pip_is_fetched_and_installs_itself(run_fetch, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    done = run_fetch()
    assert done.returncode == 0, done.stderr
    arguments = (tmp_path / "ran").read_text()
    assert arguments.startswith("install --quiet --no-index --no-deps")
    assert arguments.endswith("pip-25.0-py3-none-any.whl")


def test_a_damaged_wheel_is_not_run(run_fetch, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    done = run_fetch("00" * 32)
    assert done.returncode == 1
    assert "is damaged" in done.stderr
    assert not (tmp_path / "ran").exists()


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A copy of the scripts beside a PATH that has no Python."""
    for name in ("setup", "fetch_pip.py"):
        target = tmp_path / "repo/bin" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / "bin" / name, target)
    for name in ("requirements.txt", "requirements-dev.txt"):
        (tmp_path / "repo" / name).write_text("", encoding="utf-8")
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("bash", "env", "dirname", "mkdir", "flock", "cat", "id", "rm"):
        found = shutil.which(name)
        assert found is not None
        (tools / name).symlink_to(found)
    return tmp_path


def setup(bare: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    variables = {"PATH": str(bare / "tools"), "HOME": str(bare), **environment}
    command = [str(bare / "tools/bash"), str(bare / "repo/bin/setup")]
    return subprocess.run(command, env=variables, capture_output=True, text=True, timeout=120)


def test_without_a_python_one_sentence_says_what_to_do(bare: Path) -> None:
    done = setup(bare)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "Python 3.11, 3.12 or 3.13 is needed and there is no python3 here" in done.stderr


def test_a_python_that_is_too_old_is_named(bare: Path) -> None:
    old = bare / "tools/python3"
    old.write_text('#!/bin/sh\n[ "$1" = --version ] && echo Python 3.9.2 && exit 0\nexit 1\n')
    old.chmod(0o755)
    done = setup(bare)
    assert done.returncode == 1
    assert "there is Python 3.9.2 here" in done.stderr
    done = setup(bare, PYTHON=str(old))
    assert f"PYTHON={old} is no Python 3.11, 3.12 or 3.13" in done.stderr


def test_a_second_run_has_nothing_to_do(bare: Path) -> None:
    (bare / "tools/python3").symlink_to(Path(sys.executable).resolve())
    first, second = setup(bare), setup(bare)
    assert first.returncode == 0, first.stderr
    assert "making .venv" in first.stderr
    assert (second.returncode, second.stderr) == (0, "setup: everything is in place\n")
    (bare / "repo/requirements.txt").write_text("# changed\n", encoding="utf-8")
    third = setup(bare)
    assert "installing requirements.txt" in third.stderr
    assert "making .venv" not in third.stderr
