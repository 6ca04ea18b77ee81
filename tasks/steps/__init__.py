"""The chain of one job: render, score, gate, and what the three share."""
