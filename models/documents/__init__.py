"""What people and programs write, YAML or JSON: one reader, which knows the line of every value."""

from models.documents.reading import Document, Mistake, read, read_text

__all__ = ["Document", "Mistake", "read", "read_text"]
