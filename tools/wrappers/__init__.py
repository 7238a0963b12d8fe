"""The wrappers' inputs, printed from the program's own options (`make wrappers` writes them).

A wrapper holds no logic: what it declares arrives in the program as an option or as a variable, so
that nothing is kept twice. One module a wrapper; each prints the blocks between cog marks.
"""
