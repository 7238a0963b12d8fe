"""How much of each value DevLake keeps: longer ones are cut before they are sent, or refused."""

NAME, TITLE, REF, MESSAGE, REPO_URL, REPO_ID = 255, 1000, 255, 10_000, 500, 255
"""Characters at most. Columns of DevLake 1.0.3 (and 1.0.1, whose name is the shortest); titles and
messages have no limit there, but nobody reads more of them."""
