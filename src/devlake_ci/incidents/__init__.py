"""Incidents: one for each streak of failures of a job, open until the job succeeds again."""
