"""What is done about a decision: the text of a touch, its performing, its record in the CRM."""
