"""Chaos: a farm under a fault every two seconds, and what became of every job; `make chaos SEED=n`."""
