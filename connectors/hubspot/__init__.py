"""HubSpot, by the dated API of its public documentation."""
