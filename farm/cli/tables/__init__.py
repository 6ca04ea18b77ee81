"""Tables and lines as the terminal shows them, by what they show."""
