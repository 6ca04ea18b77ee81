"""What tests share: fixtures, stand-ins, makers of rows and files, and where this checkout lies."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
