"""Followthrough: decides what follow-up is owed and carries it out in the CRM."""
