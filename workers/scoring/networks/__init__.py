"""One file a network: where its weights come from, how its input is prepared, what it answers."""
