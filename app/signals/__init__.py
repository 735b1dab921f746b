"""What happened, or failed to happen: differences between the CRM's records and our mirror."""
