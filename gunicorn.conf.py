"""How the embedded app is served; options of `bin/serve` override it.

The address is gunicorn's own default: 127.0.0.1:8000, or 0.0.0.0:$PORT where PORT is set.
"""

workers = 1  # the lanes run inside; a second process on the same database would be refused
worker_class = "gthread"
threads = 8
preload_app = False  # lanes and scheduler must start after the fork, once
keepalive = 75  # CRMs reuse connections for webhooks; longer than common proxies' 60 s
timeout = 120  # the worker's heartbeat, not a request's limit: a long drain must not kill it
graceful_timeout = 20
accesslog = None
errorlog = "-"
loglevel = "warning"
