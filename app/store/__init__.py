"""The only place that knows SQL: tables, engine, queries per table group, ledger, migrations."""
