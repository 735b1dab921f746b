"""What gunicorn serves: `gunicorn app.web.server:app`. Importing this starts the process's lanes.

One worker process only: the lanes run in it, and the lock file refuses a second on the same
database. Never with --preload, whose fork would leave the threads behind.
"""

from __future__ import annotations

import sys

from flask import Flask

from app.installations.config import ConfigError, from_environment
from app.runtime.embedded import start
from app.store.engine import StoreError
from app.web.factory import create_app

_NO_START = 4
"""gunicorn's status of a worker that could not load the application: it then ends as well, instead
of starting one worker after the other."""


def _app() -> Flask:
    try:
        return create_app(start(from_environment()))
    except (ConfigError, StoreError) as error:
        # What is wrong is the operator's to put right; a traceback would only hide the sentence.
        print(f"Followthrough cannot start: {error}", file=sys.stderr, flush=True)
        sys.exit(_NO_START)


app = _app()
