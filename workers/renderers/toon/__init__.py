"""A procedural cel renderer: normalised attributes and scene words in, anime pictures out."""
