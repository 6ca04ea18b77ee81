"""The commands, one file per group: thin Typer functions over the SDK."""
