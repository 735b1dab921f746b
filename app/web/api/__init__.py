"""The JSON API under /api; `docs/api.md` describes every address."""
