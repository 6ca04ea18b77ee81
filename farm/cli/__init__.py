"""The `farm` command: thin Typer functions over the SDK."""
