"""DevLake's webhook: where it is, how it spells things, and what its answers mean."""
