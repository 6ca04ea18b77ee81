"""A migrated database of its own for every test module, copied from one template in a tenth of a second."""

from __future__ import annotations

import os
import secrets
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import NullPool, create_engine, make_url, text

from db.engine import Database

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def made_database(server_url: str, name: str, template: str = "template0") -> Iterator[str]:
    """A database on the server at `server_url`, dropped at the end; gives its address."""
    url = make_url(server_url).set(drivername="postgresql+psycopg2")
    # Connected anew for each statement: a test may have killed the server in between.
    admin = create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    try:
        with admin.connect() as connection:
            connection.execute(text(f'CREATE DATABASE "{name}" TEMPLATE "{template}"'))
        yield url.set(database=name).render_as_string(hide_password=False)
    finally:
        with admin.connect() as connection:
            connection.execute(text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))
        admin.dispose()


@pytest.fixture(scope="session")
def database_template(servers: Any) -> Iterator[str]:
    """The name of a migrated, empty database to copy from."""
    name = f"farm_template_{os.getpid()}"
    with made_database(servers.database_url, name) as url:
        database = Database(url)
        database.migrate()
        database.close()
        yield name


@pytest.fixture(scope="module")
def database_url(servers: Any, database_template: str) -> Iterator[str]:
    """The address of this module's own database, migrated and empty when the module begins."""
    name = f"farm_{os.getpid()}_{secrets.token_hex(4)}"
    with made_database(servers.database_url, name, database_template) as url:
        yield url


@pytest.fixture(scope="module")
def database(database_url: str) -> Iterator[Database]:
    """This module's own database; its tests share it and keep apart by using projects of their own."""
    database = Database(database_url)
    yield database
    database.close()


@pytest.fixture
def fresh_database(servers: Any, database_template: str) -> Iterator[Database]:
    """A migrated, empty database for one test alone."""
    name = f"farm_{os.getpid()}_{secrets.token_hex(4)}"
    with made_database(servers.database_url, name, database_template) as url:
        database = Database(url)
        yield database
        database.close()


@pytest.fixture
def blank_database(servers: Any) -> Iterator[Database]:
    """A database for one test alone that was never migrated."""
    with made_database(servers.database_url, f"farm_{os.getpid()}_{secrets.token_hex(4)}") as url:
        database = Database(url)
        yield database
        database.close()
