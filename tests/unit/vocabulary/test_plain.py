"""Values become plain JSON types in one place, whatever they hold."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from models.plain import plain
from models.vocabulary import Phase

JOB = UUID("00000000-0000-4000-8000-000000000001")


@dataclass(frozen=True)
class _Inner:
    phase: Phase
    at: datetime


@dataclass(frozen=True)
class _Outer:
    job: UUID
    parts: tuple[_Inner, ...]
    marks: dict[Phase, float]


@dataclass(frozen=True)
class _WithItsOwnShape:
    secret: str

    def to_json(self) -> dict[str, Any]:
        return {"shown": len(self.secret)}


def test_what_a_value_holds_becomes_plain_all_the_way_down() -> None:
    at = datetime(2026, 11, 30, tzinfo=UTC)

    shown = plain(_Outer(JOB, (_Inner(Phase.LOOP, at),), {Phase.STILL: 0.7}))

    assert json.loads(json.dumps(shown)) == {
        "job": str(JOB),
        "parts": [{"phase": "loop", "at": at.isoformat()}],
        "marks": {"still": 0.7},
    }


@pytest.mark.parametrize("value", [None, True, 3, 0.25, "word"])
def test_what_is_plain_stays_as_it_is(value: object) -> None:
    assert plain(value) is value


def test_a_value_with_a_shape_of_its_own_keeps_it() -> None:
    assert plain([_WithItsOwnShape("four")]) == [{"shown": 4}]
