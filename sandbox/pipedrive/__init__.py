"""Pipedrive's side of the sandbox: OAuth, API v2 and what remains of v1, webhooks v2."""
