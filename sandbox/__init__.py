"""An outside world to run against: CRM accounts, the people in them, and the vendors' HTTP."""
