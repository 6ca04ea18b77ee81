"""Thin Celery tasks and beat jobs: the one room where all the others meet."""
