"""Measurements, each beside what a user would otherwise pick, in the same run."""
