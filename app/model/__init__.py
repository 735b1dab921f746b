"""Frozen, typed records that every part shares; imports the standard library only."""
