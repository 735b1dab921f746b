"""SOQL: read into a tree, compiled against the objects of an org, run over its records."""
