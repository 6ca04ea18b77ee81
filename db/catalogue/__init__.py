"""What the farm remembers, under one name: `from db import catalogue` and ask."""

from db.catalogue.audit import audit, note_change
from db.catalogue.doors import doors, is_decided, is_open, job_for_gate, latch_open, lock_gate, set_door
from db.catalogue.evidence import store_judgement, store_measurements, take_to_score
from db.catalogue.jobs import (
    family_rows,
    find_job,
    job_detail,
    job_rows,
    list_jobs,
    moved_families,
    under_way,
)
from db.catalogue.labels import JudgedTake, judged_takes
from db.catalogue.orders import KeyedJob, NewJob, insert_jobs, jobs_by_key, newest_take_number, seed_of
from db.catalogue.profiles import choose_profile, judged_by, keep_profile
from db.catalogue.references import (
    ReferenceView,
    list_references,
    store_character_reference,
    store_style_reference,
)
from db.catalogue.reproductions import MadeTake, TakePair, reproducible, store_reproduction, take_pair
from db.catalogue.reviews import add_review, reviews_of
from db.catalogue.show_loading import store_show
from db.catalogue.shows import (
    characters,
    cut,
    cuts,
    cuts_at,
    note_delivered,
    parse_cut,
    path_of,
    project,
    project_view,
    projects,
)
from db.catalogue.standings import standings, tally
from db.catalogue.takes import passing_stills
from db.catalogue.units import recount, stand, units_of
from db.catalogue.why import why_facts, workers

__all__ = [
    "JudgedTake",
    "KeyedJob",
    "MadeTake",
    "NewJob",
    "ReferenceView",
    "TakePair",
    "add_review",
    "audit",
    "characters",
    "choose_profile",
    "cut",
    "cuts",
    "cuts_at",
    "doors",
    "family_rows",
    "find_job",
    "insert_jobs",
    "is_decided",
    "is_open",
    "job_detail",
    "job_for_gate",
    "job_rows",
    "jobs_by_key",
    "judged_by",
    "judged_takes",
    "keep_profile",
    "latch_open",
    "list_jobs",
    "list_references",
    "lock_gate",
    "moved_families",
    "newest_take_number",
    "note_change",
    "note_delivered",
    "parse_cut",
    "passing_stills",
    "path_of",
    "project",
    "project_view",
    "projects",
    "recount",
    "reproducible",
    "reviews_of",
    "seed_of",
    "set_door",
    "stand",
    "standings",
    "store_character_reference",
    "store_judgement",
    "store_measurements",
    "store_reproduction",
    "store_show",
    "store_style_reference",
    "take_pair",
    "take_to_score",
    "tally",
    "under_way",
    "units_of",
    "why_facts",
    "workers",
]
