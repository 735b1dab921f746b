"""One module per lane: load, call decisions, apply, commit. The only place that joins the parts.

Lanes of one installation are drained one after the other by whoever holds its lease; work inside
a lane goes out to the CRM in parallel.
"""
