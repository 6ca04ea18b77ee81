"""Reproduction: a recorded take ordered again, changed or not, to prove that it can be repeated."""
