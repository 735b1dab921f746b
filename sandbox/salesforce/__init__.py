"""Salesforce's side of the sandbox: its login, REST API, SOQL, limits and refusals."""
