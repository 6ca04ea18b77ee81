"""Pages of a show's parts: each item once, in order, at the same price wherever the page is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from models.errors import BadInput, OrderRefused
from tests.support.factories import a_stored_show
from tests.support.queue_jobs import execute

if TYPE_CHECKING:
    from collections.abc import Callable

    from db.engine import Database
    from farm.client import Farm
    from farm.shows.parts import PartPage
    from models.shows import StoredShow


def walked(page: Callable[[str | None], PartPage[object]]) -> list[str]:
    """What all pages list, in order."""
    names: list[str] = []
    after = None
    while True:
        part = page(after)
        names += [item.known_as for item in part.items]
        if part.next is None:
            return names
        after = part.next


def test_a_farm_of_ten_thousand_cuts_pages_at_the_same_price(
    farm: Farm, database: Database, statements: list[str]
) -> None:
    with database.transaction() as session:
        show = a_stored_show(session, 1)
    execute(
        database,
        "INSERT INTO cuts (scene_id, cut_number, character_ids) "
        "SELECT scene_id, 10 * n, character_ids FROM cuts CROSS JOIN generate_series(2, 10000) n "
        "WHERE id = :cut",
        cut=next(iter(show.cuts.values())),
    )
    prices = []
    for after in (None, "ep001/sc010/c50000", "ep001/sc010/c99990"):
        statements.clear()
        page = farm.cut_page(show.project, after=after, limit=100)
        prices.append(len(statements))
        assert len(page.items) == (100 if after != "ep001/sc010/c99990" else 1)

    assert len(set(prices)) == 1
    assert prices[0] <= 6
    pages = [farm.cut_page(show.project, after=after, limit=2) for after in ("1/10/99970", "1/10/99980")]
    assert [[item.known_as[-6:] for item in page.items] for page in pages] == [
        ["c99980", "c99990"],
        ["c99990", "100000"],
    ]
    assert [page.next for page in pages] == ["ep001/sc010/c99990", None]


def test_each_part_is_listed_once_in_order(farm: Farm, show: StoredShow) -> None:
    farm.create_episode(show.project, {"number": 2})
    farm.create_scene("2", {"number": 5}, project=show.project)
    farm.create_cut("2/5", {"number": 10}, project=show.project)
    slug = show.project

    assert walked(lambda after: farm.character_page(slug, after=after, limit=1)) == ["mio", "ren"]
    assert walked(lambda after: farm.episode_page(slug, after=after, limit=1)) == ["ep001", "ep002"]
    assert walked(lambda after: farm.scene_page(slug, after=after, limit=1)) == ["ep001/sc010", "ep002/sc005"]
    cuts = walked(lambda after: farm.cut_page(slug, after=after, limit=3))
    assert [name[-5:] for name in cuts] == ["c0010", "c0020", "c0030", "c0010"]
    assert walked(lambda after: farm.cut_page(slug, scene="2/5", after=after)) == cuts[3:]
    assert walked(lambda after: farm.scene_page(slug, episode="2", after=after)) == ["ep002/sc005"]
    assert slug in walked(lambda after: farm.project_page(after=after, limit=1))


def test_a_page_says_of_each_part_what_reading_it_says(farm: Farm, show: StoredShow) -> None:
    (cut, *_) = farm.cut_page(show.project).items
    (mio, *_) = farm.character_page(show.project).items

    assert cut == farm.cut(cut.id)
    assert mio == farm.character("mio", project=show.project)


def test_a_mark_that_no_page_gave_is_refused(farm: Farm, show: StoredShow) -> None:
    with pytest.raises((BadInput, OrderRefused), match=r"cannot be read"):
        farm.cut_page(show.project, after="!")
    with pytest.raises(BadInput, match=r"cannot be read"):
        farm.episode_page(show.project, after="second")
