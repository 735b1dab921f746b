"""The CRM's own screens: what a sales team would see and click in the imagined CRM."""
