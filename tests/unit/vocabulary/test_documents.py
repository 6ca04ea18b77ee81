"""What people and programs write: each value is what they see, or is refused with its line."""

from __future__ import annotations

import json
import time
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from models import documents
from models.errors import BadInput
from models.plain import MAX_DEPTH


def value(text: str) -> Any:
    return documents.read_text(f"field: {text}\n", "a.yaml").content["field"]


def refusal(text: str | bytes, folder: Path, name: str = "a.yaml") -> str:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"))
    with pytest.raises(BadInput) as refused:
        documents.read(path, name)
    assert "\n" not in str(refused.value)
    return str(refused.value)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("0010", 10),
        ("0080", 80),
        ("-007", -7),
        ("+12", 12),
        ("0o17", 15),
        ("0x1F", 31),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("23.976", 23.976),
        ("1_000", "1_000"),
        ("0b11", "0b11"),
        ("3:30", "3:30"),
        ("12:3", "12:3"),
        ("2026-04-01", "2026-04-01"),
        ("2026-02-31", "2026-02-31"),
        ("yes", "yes"),
        ("No", "No"),
        ("on", "on"),
        ("OFF", "OFF"),
        ("y", "y"),
        ("true", True),
        ("False", False),
        ("~", None),
        ("null", None),
        ("", None),
        ("=", "="),
        ("'0010'", "0010"),
        ("!!str 0010", "0010"),
        ("walks to stall#3", "walks to stall#3"),
        (r'"\ud83d\ude00 \u00e9"', "\U0001f600 é"),
        ("'\\ud83d'", "\\ud83d"),
        ("{1: a, true: b}", {"1": "a", "true": "b"}),
    ],
)
def test_words_and_numbers_mean_what_yaml_1_2_says(text: str, meant: Any) -> None:
    read = value(text)

    assert read == meant
    assert type(read) is type(meant)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a: 1\nb: .nan\n", "line 2: nan cannot be kept"),
        ("a: 1\nb: [1, {c: -.inf}]\n", "line 2: -inf cannot be kept"),
        ("a: 1e999\n", "line 1: inf cannot be kept"),
        (f"a: 1{'0' * 400}\n", "line 1: A number of 401 digits"),
        (f"a: {'9' * 5000}\n", "line 1: A number of 5000 digits"),
        (f"a: 0x{'f' * 5000}\n", "line 1: A number of"),
        ('a: "x\\0y"\n', "line 1: 'x\\x00y' cannot be kept"),
        ('a:\n  - "\\ud83d"\n', "line 2: '\\ud83d' cannot be kept"),
        ('a: "\\U99999999"\n', "line 1: this is not YAML"),
        ("a: !!binary aGk=\n", "line 1: the tag !!binary is not read"),
        ("a: !!set {x, y}\n", "line 1: the tag !!set is not read"),
        ("a: !!python/object/apply:os.getpid []\n", "line 1: the tag !!python/object"),
        ("a: !own 3\n", "line 1: the tag !own is not read"),
        ("a: !!int many\n", "line 1: 'many' is no int"),
        ("? [a, b]\n: 1\n", "line 1: a name is expected"),
        ("a: 1\nb: 2\na: 3\n", "line 3: 'a' stands here twice, first in line 1"),
        ("x: {1: a, '1': b}\n", "line 1: '1' stands here twice"),
        ("a: 1\n\tb: 2\n", "line 2: a tab stands here"),
        ("a: 1\n---\nb: 2\n", "line 2: this is not YAML"),
        ("a: 1\nb: \x07\n", "line 2: this is not YAML: the character U+0007"),
        ("a: &x [*x]\n", "line 1: an alias (*name) stands within what it names"),
        ("a: *nobody\n", "line 1: this is not YAML"),
        ("[" * 5000, "line 1: this is nested too deeply"),
        ("a: " + "[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1), "line 1: this is nested too deeply"),
        (b"a: 1\nb: caf\xe9\n", "line 2: this is not text in UTF-8"),
        (b"\xff\xfea\x00:\x00 \x00\x00\xd8", "not text in UTF-16"),
        ("", "is empty"),
        ("# only words\n", "is empty"),
    ],
)
def test_what_cannot_be_kept_is_refused_with_its_line(tmp_path: Path, text: str | bytes, sentence: str) -> None:
    assert sentence in refusal(text, tmp_path)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('{"a": 1,\n "a": 2}', "line 2: 'a' stands here twice, first in line 1"),
        ('{\n"a": NaN}', "line 2: NaN is no number"),
        ('{"a": [1,\n -Infinity]}', "line 2: -Infinity is no number"),
        ('{"a": "\\ud800"}', "line 1: '\\ud800' cannot be kept"),
        ('{"a\\u0000": 1}', "line 1: 'a\\x00' cannot be kept"),
        ('{"a": 007}', "line 1: this is not JSON"),
        ('{"a": 1,}', "line 1: this is not JSON: a name in double quotes"),
        ("{a: 1}", "line 1: this is not JSON"),
        ('{"a": 1} 2', "line 1: this is not JSON"),
        ('["a\nb"]', "line 1: this is not JSON"),
        ("", "line 1: this is not JSON"),
        ("[" * 100_000, "line 1: this is nested too deeply"),
    ],
)
def test_json_is_read_as_json(tmp_path: Path, text: str, sentence: str) -> None:
    assert sentence in refusal(text, tmp_path, "a.json")


def test_json_in_a_file_of_any_name_is_what_a_program_wrote() -> None:
    written = {"a": ["\U0001f600", "tab\there", 1.5, -3, 10**18, True, None, {}], "b": {"1": []}, "é": "\\"}

    for text in (
        json.dumps(written),
        json.dumps(written, indent="\t"),
        json.dumps(written, ensure_ascii=False),
    ):
        assert documents.read_text(text, "a.yaml").content == written
        assert documents.read_text(text, "a.json", json_only=True).content == written


def test_yaml_that_begins_like_json_is_yaml() -> None:
    assert documents.read_text("{a: 1, b: [x, y]}", "a.yaml").content == {"a": 1, "b": ["x", "y"]}
    assert documents.read_text('["a", b]', "a.yaml").content == ["a", "b"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_text_is_read_as_editors_save_it(tmp_path: Path, encoding: str, end: str) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(end.join(["name: Café 東京", "number: 0010", ""]).encode(encoding))

    assert documents.read(path).content == {"name": "Café 東京", "number": 10}


def test_aliases_stand_for_what_they_name_and_merging_takes_over_fields() -> None:
    text = "base: &b {steps: 20, seed: 1}\norders:\n  - {<<: *b, seed: 2}\n  - *b\n  - {<<: [{seed: 9}, *b]}\n"

    orders = documents.read_text(text, "a.yaml").content["orders"]

    assert orders == [{"steps": 20, "seed": 2}, {"steps": 20, "seed": 1}, {"seed": 9, "steps": 20}]


@pytest.mark.parametrize("wrap", ["a{0}: &a{0} [{1}]", "a{0}: &a{0} {{{1}}}"])
def test_aliases_that_unfold_without_end_are_refused_at_once(tmp_path: Path, wrap: str) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    for level in range(1, 40):
        names = [f"*a{level - 1}"] * 10
        inside = names if "[" in wrap else [f"k{place}: {name} " for place, name in enumerate(names)]
        lines.append(wrap.format(level, ", ".join(inside)))
    tracemalloc.start()
    began = time.monotonic()

    sentence = refusal("\n".join(lines), tmp_path)

    assert "aliases (*name) unfold" in sentence
    # Unfolded they would fill the memory for minutes.
    assert time.monotonic() - began < 20
    assert tracemalloc.get_traced_memory()[1] < 50 * 2**20
    tracemalloc.stop()


def test_every_value_has_its_line() -> None:
    text = "project:\n  name: Moon\ncuts:\n  - number: 10\n    characters:\n      - mio\n  - number: 20\n"
    document = documents.read_text(text, "a.yaml")

    assert document.line_of(("project", "name")) == 2
    assert document.line_of(("cuts", 0, "characters", 0)) == 6
    assert document.line_of(("cuts", 1, "number")) == 7
    assert document.line_of(("cuts", 1, "nothing")) == 7
    assert document.line_of(("cuts", 0, "characters")) == 5


def test_every_value_of_json_has_its_line() -> None:
    document = documents.read_text('{\n "a": [\n  {"b": 1},\n  {"b":\n 2}\n ]\n}', "a.json")

    assert [document.line_of(("a", place, "b")) for place in (0, 1)] == [3, 4]


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be read"):
        documents.read(tmp_path / "nowhere.yaml")
    with pytest.raises(BadInput, match="cannot be read"):
        documents.read(tmp_path)
    with pytest.raises(BadInput, match="cannot be read"):
        documents.read("a\0b")


def test_a_file_that_nobody_wrote_is_refused(tmp_path: Path) -> None:
    assert "larger than 16 MiB" in refusal(b"a" * (16 * 2**20 + 1), tmp_path)
