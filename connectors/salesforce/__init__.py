"""Salesforce behind the contract: polled, its tasks dated by day, its refresh tokens taken once."""
