"""What every connector promises, asked of each CRM: it works, or its absence is stated."""
