"""Where the API listens: a free port or a clear sentence, written down until it stops."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from farm.ops import api
from models.errors import Unavailable
from tests.support.factories import settings_for

if TYPE_CHECKING:
    from pathlib import Path


def test_the_port_is_written_down_until_it_stops(tmp_path: Path) -> None:
    settings = settings_for(tmp_path, api_port=0)
    assert api.access(settings) is None

    chosen = api.prepare(settings)

    assert api.access(settings) == chosen
    assert chosen.url == f"http://127.0.0.1:{chosen.port}"
    assert api.environment(chosen)["FARM_API_PORT"] == str(chosen.port)
    assert not api.answers(chosen)
    api.note_stopped(settings)
    assert api.access(settings) is None


def test_a_port_that_is_taken_is_refused_with_the_setting(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        settings = settings_for(tmp_path, api_port=taken.getsockname()[1])

        with pytest.raises(Unavailable, match="on which the API should listen, is taken") as refusal:
            api.prepare(settings)

    assert "FARM_API_PORT" in refusal.value.hint
