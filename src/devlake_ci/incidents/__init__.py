"""Incidents: one for each stretch of failures of one job, open until the job succeeds again."""
