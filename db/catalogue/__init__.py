"""What the farm remembers, under one name: `from db import catalogue` and ask."""

from db.catalogue.doors import doors, is_open, job_for_gate, latch_open, lock_gate, roots, set_door, tally
from db.catalogue.evidence import expectations, note_review, store_judgement, store_measurements
from db.catalogue.jobs import count_jobs, find_job, job_detail, job_rows, list_jobs
from db.catalogue.orders import KeyedJob, NewJob, insert_jobs, jobs_by_key, newest_take_number, seed_of
from db.catalogue.references import store_character_reference, store_style_reference
from db.catalogue.show_loading import store_show
from db.catalogue.shows import (
    characters,
    cut,
    cuts,
    note_delivered,
    parse_cut,
    path_of,
    project,
    project_view,
    projects,
)
from db.catalogue.why import why_facts, workers
from db.queue.control import cancel
from models.nearest import nearest

__all__ = [
    "KeyedJob",
    "NewJob",
    "cancel",
    "characters",
    "count_jobs",
    "cut",
    "cuts",
    "doors",
    "expectations",
    "find_job",
    "insert_jobs",
    "is_open",
    "job_detail",
    "job_for_gate",
    "job_rows",
    "jobs_by_key",
    "latch_open",
    "list_jobs",
    "lock_gate",
    "nearest",
    "newest_take_number",
    "note_delivered",
    "note_review",
    "parse_cut",
    "path_of",
    "project",
    "project_view",
    "projects",
    "roots",
    "seed_of",
    "set_door",
    "store_character_reference",
    "store_judgement",
    "store_measurements",
    "store_show",
    "store_style_reference",
    "tally",
    "why_facts",
    "workers",
]
