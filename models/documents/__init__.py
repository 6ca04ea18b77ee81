"""What people and programs write, YAML or JSON: one reader, which knows the line of every value; one writer."""

from models.documents.reading import Document, Mistake, read, read_text
from models.documents.writing import to_yaml

__all__ = ["Document", "Mistake", "read", "read_text", "to_yaml"]
