"""The main job, played over HTTP alone: an admin, the CRM's consent page, four weeks, a checker."""
