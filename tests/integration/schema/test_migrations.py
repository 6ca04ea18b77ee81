"""The schema's history on real Postgres: forwards, back, and equal to the mapped classes."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, text

from db.engine import Database
from models.errors import BadInput, NotHere, Unavailable
from models.rows import (  # noqa: F401 - maps their tables
    access,
    audit,
    characters,
    dispatch,
    events,
    jobs,
    measurements,
    reviews,
    shows,
)
from models.rows.base import Base

if TYPE_CHECKING:
    from sqlalchemy import Connection

TEN_TABLES = {
    "character_attributes",
    "character_variations",
    "generation_params",
    "quality_scores",
    "story_bibles",
    "episodes",
    "scenes",
    "cuts",
    "scene_characters",
    "render_queue",
}
FIRST, SECOND = "0001_character_consistency", "0002_video_production"
STATE_INDEXES = {"ix_render_queue_state", "ix_render_queue_project_id_state"}


def tables(database: Database) -> set[str]:
    return set(inspect(database.engine).get_table_names())


def described(connection: Connection) -> dict[str, list[tuple[object, ...]]]:
    """Columns, constraints and indexes as Postgres itself describes them, in no particular order."""
    queries = {
        "columns": "SELECT table_name, column_name, data_type, udt_name, character_maximum_length,"
        " numeric_precision, is_nullable, column_default FROM information_schema.columns"
        " WHERE table_schema = 'public' AND table_name <> 'alembic_version'",
        "constraints": "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE connamespace = 'public'::regnamespace AND conrelid::regclass::text <> 'alembic_version'"
        # From Postgres 18 on NOT NULL is a constraint as well; the columns above show it on every version.
        " AND contype <> 'n'",
        "indexes": "SELECT tablename, indexname, indexdef FROM pg_indexes"
        " WHERE schemaname = 'public' AND tablename <> 'alembic_version'",
    }
    return {
        name: sorted((tuple(row) for row in connection.execute(text(query))), key=str)
        for name, query in queries.items()
    }


def test_up_down_and_up_again(blank_database: Database) -> None:
    blank_database.migrate(FIRST)
    assert {"projects", "characters", "jobs"} < tables(blank_database)
    assert TEN_TABLES & tables(blank_database) == TEN_TABLES - {
        "episodes",
        "scenes",
        "cuts",
        "scene_characters",
        "render_queue",
    }

    blank_database.migrate(SECOND)
    assert tables(blank_database) > TEN_TABLES
    blank_database.migrate()
    blank_database.require_schema()

    blank_database.downgrade("base")
    assert tables(blank_database) == {"alembic_version"}
    assert blank_database.revision() is None

    blank_database.migrate()
    blank_database.require_schema()


def test_mapped_classes_and_migrations_agree(fresh_database: Database) -> None:
    with fresh_database.engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "compare_type": True,
                "compare_server_default": True,
                # Alembic cannot read their CASE back as it was written; the test below compares them as well.
                "include_object": lambda _object, name, *_: name not in STATE_INDEXES,
            },
        )
        differences = compare_metadata(context, Base.metadata)

    assert differences == []


def test_the_migrated_schema_is_the_mapped_one_down_to_every_check_and_default(
    fresh_database: Database, blank_database: Database
) -> None:
    """Alembic's comparison does not look at CHECK constraints or at the conditions of partial indexes."""
    Base.metadata.create_all(blank_database.engine)

    with fresh_database.engine.connect() as migrated, blank_database.engine.connect() as mapped:
        assert described(migrated) == described(mapped)


def test_two_migrations_at_once_are_harmless(blank_database: Database) -> None:
    url = blank_database.engine.url.render_as_string(hide_password=False)
    migrate = "import sys; from db.engine import Database; Database(sys.argv[1]).migrate()"

    running = [subprocess.Popen([sys.executable, "-W", "error", "-c", migrate, url]) for _ in range(3)]

    assert [process.wait(timeout=60) for process in running] == [0, 0, 0]
    blank_database.require_schema()


def test_two_threads_may_migrate_at_once(blank_database: Database) -> None:
    with ThreadPoolExecutor(3) as threads:
        list(threads.map(lambda _: blank_database.migrate(), range(3)))

    blank_database.require_schema()


def test_a_failing_transaction_leaves_nothing(fresh_database: Database) -> None:
    def half() -> None:
        with fresh_database.transaction() as session:
            session.execute(text("INSERT INTO projects (slug, name) VALUES ('half', 'Half')"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        half()

    with fresh_database.transaction() as session:
        assert session.scalar(text("SELECT count(*) FROM projects")) == 0


def test_an_empty_database_says_which_command_fills_it(blank_database: Database) -> None:
    with pytest.raises(NotHere, match="farm migrate"):
        blank_database.require_schema()


def test_a_database_that_does_not_answer_is_unavailable() -> None:
    # Port 1 on loopback: nothing listens there.
    database = Database("postgresql://farm:secret@127.0.0.1:1/farm")

    with pytest.raises(Unavailable) as refusal:
        database.ping()

    assert "does not answer" in str(refusal.value)
    assert "secret" not in str(refusal.value)


@pytest.mark.parametrize("url", ["mysql://a:secret@b/c", "not an address", "sqlite://"])
def test_an_address_of_anything_but_postgres_is_refused(url: str) -> None:
    with pytest.raises(BadInput) as refusal:
        Database(url)

    assert "secret" not in str(refusal.value)


def test_a_broken_connection_in_the_middle_is_unavailable_and_the_next_one_works(
    fresh_database: Database,
) -> None:
    with pytest.raises(Unavailable), fresh_database.transaction() as session:
        session.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    fresh_database.ping()
