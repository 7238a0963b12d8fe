"""What `doctor` finds out, judged: would a report work, and what is to be done if not."""
