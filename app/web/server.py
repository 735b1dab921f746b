"""What gunicorn serves: `gunicorn app.web.server:app`. Importing this starts the process's lanes.

One worker process only: the lanes run in it, and the lock file refuses a second on the same
database. Never with --preload, whose fork would leave the threads behind.
"""

from __future__ import annotations

from app.installations.config import from_environment
from app.runtime.embedded import start
from app.web.factory import create_app

app = create_app(start(from_environment()))
