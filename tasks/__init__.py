"""Celery tasks, beat jobs, and commands that need pixels or networks: the one room where all the others meet.

`celery -A tasks worker|beat|flower` finds the app here; networks and renderers are loaded by a worker's child
with its first job, never by this import.
"""

import sys

from farm.broker import app
from tasks.worker import signals as _worker_signals  # noqa: F401 - connects what happens when a worker starts and stops

__all__ = ["app"]

if "flower" in sys.argv[1:]:
    # Celery has no signal for it, and Flower by itself is open to everybody.
    from farm.ops import flower
    from farm.settings import settings

    if sentence := flower.lock(settings(), sys.argv):
        print(sentence, file=sys.stderr)
