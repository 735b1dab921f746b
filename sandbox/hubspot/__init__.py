"""HubSpot's HTTP, as its public documents describe version 2026-03."""
