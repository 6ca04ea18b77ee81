"""Celery tasks, beat jobs, and commands that need pixels or networks: the one room where all the others meet.

`celery -A tasks worker|beat|flower` finds the app here; networks and renderers are loaded by a worker's child
with its first job, never by this import.
"""

from farm.broker import app
from tasks.worker import signals as _worker_signals  # noqa: F401 - connects what happens when a worker starts and stops

__all__ = ["app"]
