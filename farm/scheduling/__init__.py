"""Scheduling: who does what next, and what happens after a failure. Pure policy, fed with facts from `db`."""
