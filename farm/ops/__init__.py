"""Operating one machine's farm: what `farm up` starts, its dashboard, and the doctor who looks at all of it."""
