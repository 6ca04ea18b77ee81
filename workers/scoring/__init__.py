"""What a take is worth: metrics as pure formulas, networks that feed them, the panel that runs both."""
