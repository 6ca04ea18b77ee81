"""A farm keeps its identity for as long as its database lives, also in a backup of it."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from db.engine import Database
from db.fleet.identity import farm_id
from tests.support.database_fixture import made_database

if TYPE_CHECKING:
    from typing import Any


def id_in(database: Database) -> object:
    with database.transaction() as session:
        return farm_id(session)


def test_a_copy_is_the_same_farm_and_a_new_database_another(
    servers: Any, database_template: str, fresh_database: Database, blank_database: Database
) -> None:
    blank_database.migrate()
    with made_database(servers.database_url, f"farm_{secrets.token_hex(4)}", database_template) as url:
        copy = Database(url)
        ids = [id_in(each) for each in (fresh_database, copy, blank_database)]
        copy.close()

    assert ids[0] == ids[1] != ids[2]
