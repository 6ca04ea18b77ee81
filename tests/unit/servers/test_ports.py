"""Ports of our own servers lie where no outgoing connection is given one."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from farm.servers import ports
from farm.servers.ports import LOOPBACK, choose, ephemeral_ports
from models.errors import Unavailable

if TYPE_CHECKING:
    from pathlib import Path


def told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: str) -> None:
    """The kernel says this of its range."""
    file = tmp_path / "ip_local_port_range"
    file.write_text(content)
    monkeypatch.setattr(ports, "_EPHEMERAL", file)


def test_a_new_port_is_outside_the_range_of_outgoing_connections(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    told(monkeypatch, tmp_path, "16000\t65535\n")

    assert {choose(asked=None, remembered=0, server="x") for _ in range(20)} <= set(range(15000, 16000))


def test_where_outgoing_connections_take_every_port_any_free_one_will_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    told(monkeypatch, tmp_path, "1024 65535")

    assert choose(asked=None, remembered=0, server="x") > 1023


@pytest.mark.parametrize("content", ["", "nonsense", "1 2 3"])
def test_a_range_that_cannot_be_read_is_the_usual_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: str
) -> None:
    told(monkeypatch, tmp_path, content)

    assert ephemeral_ports() == range(32768, 61000)


def test_the_port_of_last_time_is_taken_again_unless_somebody_has_it_now() -> None:
    with socket.create_server((LOOPBACK, 0)) as taken:
        port = taken.getsockname()[1]

        assert choose(asked=None, remembered=port, server="x") != port
        with pytest.raises(Unavailable, match=f"Port {port} for the embedded x"):
            choose(asked=port, remembered=0, server="x")
    assert choose(asked=None, remembered=port, server="x") == port
