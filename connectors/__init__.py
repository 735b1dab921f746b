"""One folder per CRM behind one contract (`contract.py`), on one transport (`transport.py`)."""
