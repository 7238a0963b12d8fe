"""The checks of `doctor`: would a report work, and what is to be done if not."""
