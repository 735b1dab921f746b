"""Pipelines imported from CSV files: a mapping as data, a reader, and the replay in business time."""
