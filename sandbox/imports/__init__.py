"""Pipelines imported from CSV: a mapping as data, a reader, the replay in business time."""
