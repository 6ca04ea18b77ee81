"""Orders: from a form that somebody filled in to a stored job, or a refusal with the nearest fix."""
