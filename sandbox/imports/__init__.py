"""The replay of a pipeline out of CSV files (see `imports`) in business time."""
