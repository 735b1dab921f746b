"""The steps of the schema, oldest first. A released step is never edited; a new one follows it."""
