"""Renderers: from a recipe to a take; one folder each, found through `registry`."""
