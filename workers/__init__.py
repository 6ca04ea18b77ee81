"""The equipment of a GPU node: renderers, media, networks and metrics; it knows no queue and no database."""
