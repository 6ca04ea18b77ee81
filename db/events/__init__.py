"""What happened, written with what did it, and how it reaches those who asked to hear of it."""
