"""`python -m sandbox`: serves one sandbox on loopback until it is told to stop."""

from __future__ import annotations

import argparse
import logging
import signal
import sys
import threading
from pathlib import Path

from imports.mapping import ImportProblem
from sandbox.assembly import assemble
from sandbox.clock import Mode
from sandbox.server import serve, tune_memory
from sandbox.simulation import Simulation
from sandbox.vendors import Vendors
from sandbox.world.records import VENDORS

SAVE_EVERY_S = 10.0

log = logging.getLogger("sandbox")


def main(arguments: list[str] | None = None) -> int:
    """Parse the arguments, make or restore the world, serve it. Returns the exit status."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    mode: Mode = "wall" if options.wall else "simulated"
    simulation = Simulation(mode)
    state: Path | None = options.state
    try:
        if state is not None and state.exists():
            simulation.load(state)
        elif options.data or options.mapping:
            if not (options.data and options.mapping):
                print("--data and --mapping belong together: give both", file=sys.stderr)
                return 2
            simulation.import_files(options.mapping, options.data, crm=options.crm)
        elif options.deals:
            simulation.generate(
                seed=options.seed, deals=options.deals, weeks=options.weeks, crm=options.crm
            )
    except (ImportProblem, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    app = assemble(simulation)
    vendors: Vendors = app.extensions["vendors"]
    app.extensions["hubspot"].settings.har = options.har
    try:
        server = serve(app, options.host, options.port)
    except OSError as error:
        said = f"cannot listen on {options.host}:{options.port}: {error.strerror}"
        print(f"{said}; stop what runs there or choose another --port", file=sys.stderr)
        return 1
    stopped = threading.Event()

    def stop(number: int, frame: object) -> None:
        stopped.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    tune_memory()
    server.start()
    print(f"sandbox listening on {server.url} ({mode} time), CRM at {server.url}/crm/", flush=True)
    _until(stopped, simulation, state)
    vendors.stop()
    simulation.stop()
    server.stop()
    if state is not None:
        simulation.save(state)
    return 0


def _until(stopped: threading.Event, simulation: Simulation, state: Path | None) -> None:
    """Wait for the end; meanwhile keep the state file no older than some seconds."""
    saved = simulation.barrier.moves
    while not stopped.wait(SAVE_EVERY_S):
        moves = simulation.barrier.moves
        if state is not None and (moves != saved or simulation.clock.mode == "wall"):
            simulation.save(state)
            saved = moves


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m sandbox",
        description="An outside world for the app: a CRM with people in it, behind its HTTP.",
    )
    parser.add_argument("--host", default="127.0.0.1", help="loopback address to listen on")
    parser.add_argument("--port", type=int, default=8600, help="0 takes a free one")
    parser.add_argument("--seed", type=int, default=1, help="seed of the generated account")
    parser.add_argument("--deals", type=int, default=0, help="deals to generate (default: none)")
    parser.add_argument("--weeks", type=float, default=4, help="weeks that the people plan for")
    parser.add_argument(
        "--crm", choices=VENDORS, default="hubspot", help="whose account it is (default: hubspot)"
    )
    parser.add_argument("--data", type=Path, help="folder with the files of an import")
    parser.add_argument("--mapping", type=Path, help="YAML that says how to read them")
    parser.add_argument("--wall", action="store_true", help="business time is wall time")
    parser.add_argument("--state", type=Path, help="file to keep the world in between runs")
    parser.add_argument("--har", action="store_true", help="keep every call for GET /sandbox/har")
    return parser


if __name__ == "__main__":
    sys.exit(main())
