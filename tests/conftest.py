"""What holds for all tests."""

from __future__ import annotations

from hypothesis import settings

# A deadline for each example would be a timed test: it fails on a busy machine and says nothing.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
