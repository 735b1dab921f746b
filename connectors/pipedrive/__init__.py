"""Pipedrive behind the contract."""
