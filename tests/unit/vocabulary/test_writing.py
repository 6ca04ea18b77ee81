"""YAML that the farm writes is read back as it was."""

from __future__ import annotations

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from models.documents import read_text, to_yaml

#: what a form of a show keeps: no zero byte, no half of a character
TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=20)
WORDS = st.sampled_from(["yes", "~", "1e3", "0o17", "3:30", "2026-04-01", "<<", "=", "- a", "# b", "on", ""])
NUMBERS = st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
PLAIN = st.none() | st.booleans() | NUMBERS
VALUES = st.recursive(
    PLAIN | TEXTS | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS | WORDS, inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(TEXTS, VALUES))
def test_what_is_written_is_read_back_by_ours_and_by_others(value: dict[str, object]) -> None:
    text = to_yaml(value)

    assert read_text(text + "\n", "it").content == value
    assert yaml.safe_load(text) == value
