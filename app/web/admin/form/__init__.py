"""The editor's form: a playbook's whole language as fields, and what they write into its text."""
