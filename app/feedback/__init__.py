"""What came of following up: figures with their uncertainty. Pure; lanes bring the facts."""
