"""What is missing or wrong, why it matters, and what to do next.

One place for the command line, the pages and the API: `environment` looks at the configuration,
`standing` at what the database knows of an installation, `connection` at the CRM account, by
reading alone. None of them changes anything.
"""

from app.installations.doctor.connection import connection, limits
from app.installations.doctor.environment import database, environment, reachable, server
from app.installations.doctor.findings import Finding, exit_status, ordered
from app.installations.doctor.standing import standing

__all__ = [
    "Finding",
    "connection",
    "database",
    "environment",
    "exit_status",
    "limits",
    "ordered",
    "reachable",
    "server",
    "standing",
]
