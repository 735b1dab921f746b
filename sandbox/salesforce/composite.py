"""Composite calls: parts that may rest on one another, in one call."""

from __future__ import annotations
