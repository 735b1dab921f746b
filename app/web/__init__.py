"""HTTP: webhooks in, OAuth, the JSON API and the pages. Thin: it checks, scopes, calls, renders."""
