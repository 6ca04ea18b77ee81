"""References: pictures that stand for a character or a style, made, measured and kept."""
