"""Explaining: every sentence and figure that a person reads, once, for terminal and page alike."""
