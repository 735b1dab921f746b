"""Pipelines in CSV files: a mapping as data and a reader of what happened to which deal, when.

A leaf of its own, because two sides that may not know each other read the same files: the sandbox,
which replays them in business time, and the product, which tests a playbook on them.
"""
