"""Vendor-neutral records and the people who change them."""
