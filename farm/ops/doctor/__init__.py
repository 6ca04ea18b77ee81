"""The doctor: what is right and wrong here, each line with what to do about it."""
