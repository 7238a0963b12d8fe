"""Set DevLake up for reports: connections, projects, blueprints, schedules and narrow keys."""
