"""A recipe travels inside every file that was made from it, and comes back whole."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from models.errors import BadInput
from models.recipe import CharacterLook, ControlNet, InputPicture, IpAdapter, Lora, Recipe
from models.vocabulary import JobType
from tasks.commands.recipe import recipe as print_recipe
from workers.media import provenance
from workers.media.masters import write_still
from workers.media.provenance import Provenance
from workers.media.takes import TakeWriter

if TYPE_CHECKING:
    from pathlib import Path

    from workers.media.rendered import Rendered

ODD = 'quotes " < & > ümläut 漢字 \\ newline\nend'


def recipe(kind: JobType) -> Recipe:
    return Recipe(
        renderer="comfyui",
        job_type=kind,
        seed=2**64 - 1,
        width=64,
        height=48,
        frame_count=3,
        positive_prompt=ODD,
        lora_models=(Lora(name="aiko", path="aiko.safetensors", weight=0.65),),
        characters=(CharacterLook(name="aiko", attributes={"hair_color": "pink"}),),
    )


def take(folder: Path, kind: JobType) -> Rendered:
    draw = np.random.default_rng(3)
    with TakeWriter(folder, recipe(kind)) as writer:
        for _ in range(3 if kind.is_motion else 1):
            writer.add(draw.integers(0, 256, (48, 64, 3), dtype=np.uint8))
        return writer.finish(environment={"comfyui": "0.3.64"}, resolved={"file_hashes": {"a": "b" * 64}})


@pytest.mark.parametrize("kind", [JobType.STILL_IMAGE, JobType.FULL_VIDEO])
@pytest.mark.parametrize("which", ["master", "proxy"])
def test_the_recipe_comes_back_from_a_copy_under_another_name(
    tmp_path: Path, kind: JobType, which: str
) -> None:
    made = take(tmp_path, kind)
    file = made.master if which == "master" else made.proxy
    assert file is not None
    copy = shutil.copy(file, tmp_path / f"delivered{file.suffix}")

    read = provenance.read(tmp_path / copy)

    assert read.recipe == recipe(kind)


@pytest.mark.parametrize("kind", [JobType.STILL_IMAGE, JobType.FULL_VIDEO])
def test_what_really_ran_travels_in_the_proxy(tmp_path: Path, kind: JobType) -> None:
    made = take(tmp_path, kind)
    assert made.proxy is not None

    read = provenance.read(made.proxy)

    assert read.environment["comfyui"] == "0.3.64"
    assert read.resolved["file_hashes"] == {"a": "b" * 64}


@pytest.mark.parametrize("kind", [JobType.STILL_IMAGE, JobType.FULL_VIDEO])
def test_pictures_are_told_by_name_and_hash_in_every_file(tmp_path: Path, kind: JobType) -> None:
    place = f"{tmp_path}/refs"
    placed = replace(
        recipe(kind),
        start_image=InputPicture(path=f"{place}/first.png", sha256="a" * 64),
        controlnet_models=(
            ControlNet(name="pose", model="sub/p.pth", image_path=f"{place}/p.png", image_sha256="b" * 64),
        ),
        ipadapter_refs=(
            IpAdapter(reference_image_path="refs/face.png", sha256="c" * 64),
            IpAdapter(reference_image_path=f"{place}/unknown.png"),
        ),
        lora_models=(Lora(name="a", path=f"{place}/a.pt"), Lora(name="b", path="sub/b.pt")),
    )
    graph = {"9": {"class_type": "S", "inputs": {}, "_meta": {"farm": {"recipe": placed.to_json()}}}}
    with TakeWriter(tmp_path, placed) as writer:
        for _ in range(3 if kind.is_motion else 1):
            writer.add(np.zeros((48, 64, 3), np.uint8))
        made = writer.finish(environment={}, resolved={"comfyui_workflow": graph})
    sidecar = Provenance(recipe=placed, resolved=made.resolved).to_text()

    for file in filter(None, (made.master, made.proxy)):
        assert str(tmp_path).encode() not in file.read_bytes()
        # A PNG may pack its text, so what was read is looked at as well.
        assert str(tmp_path) not in str(provenance.read(file))
        found = provenance.read(file).recipe
        assert found.start_image == InputPicture(path="first.png", sha256="a" * 64)
        assert found.controlnet_models[0].image_path == "p.png"
        assert [ref.reference_image_path for ref in found.ipadapter_refs] == ["face.png", "unknown.png"]
        assert [lora.path for lora in found.lora_models] == ["a.pt", "sub/b.pt"]
    assert str(tmp_path) not in sidecar
    assert Provenance.from_text(sidecar, "take.json").to_text() == sidecar
    # The record for the database is as it was.
    assert made.resolved["comfyui_workflow"]["9"]["_meta"]["farm"]["recipe"] == placed.to_json()


def test_a_person_reads_what_a_render_started_from(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    started = replace(
        recipe(JobType.FULL_VIDEO), start_image=InputPicture(path="/r/first.png", sha256="a" * 64)
    )
    (tmp_path / "take.json").write_text(Provenance(recipe=started).to_text())

    print_recipe(str(tmp_path / "take.json"))

    assert "first.png aaaaaaaaaaaa" in capsys.readouterr().out


def test_a_foreign_prompt_steers_no_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hostile = replace(recipe(JobType.STILL_IMAGE), positive_prompt="a\x1b]0;owned\x07b\u202ec")
    (tmp_path / "take.json").write_text(Provenance(recipe=hostile).to_text())

    print_recipe(str(tmp_path / "take.json"))

    assert "a ]0;owned b c" in capsys.readouterr().out


def test_the_same_take_gives_the_same_bytes(tmp_path: Path) -> None:
    files = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        files.append(take(tmp_path / name, JobType.FULL_VIDEO))

    assert files[0].master.read_bytes() == files[1].master.read_bytes()


def test_a_sidecar_wins_over_what_the_file_says(tmp_path: Path) -> None:
    made = take(tmp_path, JobType.STILL_IMAGE)
    told = Provenance(recipe=recipe(JobType.STILL_IMAGE), take={"job_id": "7"})
    (tmp_path / "take.json").write_text(told.to_text())

    assert provenance.read(made.master).take == {"job_id": "7"}
    assert provenance.read(tmp_path / "take.json").recipe == recipe(JobType.STILL_IMAGE)


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("missing.png", None, "There is no file"),
        ("x" * 300, None, "File name too long"),
        ("empty.png", b"", "is empty"),
        ("text.mp4", b"not a clip", "neither a picture nor a clip"),
        ("take.json", b"{", "damaged"),
        ("take.json", b'{"format": 99}', "later farm"),
        ("take.json", b"[]", "damaged"),
        ("take.json", b"\xff\xfe", "cannot be read"),
    ],
)
def test_a_file_without_a_recipe_is_refused_in_one_sentence(
    tmp_path: Path, name: str, content: bytes | None, sentence: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)

    with pytest.raises(BadInput, match=sentence):
        provenance.read(tmp_path / name)


@pytest.mark.parametrize(
    "part",
    [
        {"environment": "cpu"},
        {"environment": {"device": None}},
        {"resolved": [1]},
        {"resolved": {"file_hashes": ["a"]}},
        {"resolved": {"file_hashes": {"a.safetensors": None}}},
        {"take": None},
        {"take": {"job_id": "\udcff"}},
    ],
)
def test_a_note_of_other_shapes_is_damaged(tmp_path: Path, part: dict[str, Any]) -> None:
    told = json.loads(Provenance(recipe=recipe(JobType.STILL_IMAGE)).to_text()) | part
    path = write_still(tmp_path / "a.png", np.zeros((8, 8, 3), np.uint8), {provenance.KEY: json.dumps(told)})

    with pytest.raises(BadInput, match=r"The recipe in a\.png is damaged") as refused:
        provenance.read(path)

    assert "take.json" in refused.value.hint


def test_a_list_of_other_files_is_no_clip_and_none_of_them_is_opened(tmp_path: Path) -> None:
    made = take(tmp_path, JobType.FULL_VIDEO)
    playlist = tmp_path / "clip.mp4"
    playlist.write_text(f"ffconcat version 1.0\nfile {made.master.name}\n")

    with pytest.raises(BadInput, match="neither a picture nor a clip"):
        provenance.read(playlist)


def test_a_picture_of_somebody_else_carries_none(tmp_path: Path) -> None:
    path = write_still(tmp_path / "photo.png", np.zeros((8, 8, 3), np.uint8))

    with pytest.raises(BadInput, match="carries no recipe"):
        provenance.read(path)
