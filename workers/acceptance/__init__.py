"""Acceptance: a machine proves by known values and own renders that it measures and renders as it should."""
