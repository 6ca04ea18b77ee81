"""Questions about pictures: what of them is refused at once, and what is said of one that waits."""
