"""Playbooks as files: their schema, the reading with errors that name the place, the presets."""
