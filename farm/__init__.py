"""The front of the house: settings, SDK, gates, retakes, recipes, CLI, Echo client, embedded servers."""
