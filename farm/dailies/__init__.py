"""Dailies: one HTML page of takes beside their scores, verdicts and plots, made from jobs of the catalogue."""
