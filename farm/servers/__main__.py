"""The keeper as a program: `python -m farm.servers STATE_DIR` keeps that farm up until somebody ends it."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

from farm.servers.keeper import keep

if __name__ == "__main__":
    logging.basicConfig(format="%(asctime)s %(message)s", level=logging.INFO)
    keep(Path(sys.argv[1]), until=lambda: False)
