"""What gunicorn serves: `gunicorn app.web.server:app`. Importing this starts the process's lanes.

One worker process only: the lanes run in it, and the lock file refuses a second on the same
database. Never with --preload, whose fork would leave the threads behind.
"""

from __future__ import annotations

import gc
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
        app = create_app(start(from_environment()))
    except (ConfigError, StoreError) as error:
        # What is wrong is the operator's to put right; a traceback would only hide the sentence.
        print(f"Followthrough cannot start: {error}", file=sys.stderr, flush=True)
        sys.exit(_NO_START)
    _rest_collector()
    return app


def _rest_collector() -> None:
    """Let the garbage collector look less often.

    A batch allocates tens of thousands of rows that live until it is stored and form no cycles; at
    Python's own thresholds the collector walks over all of them several times a batch.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(200_000, 20, 50)


app = _app()
