"""Counts measured attributes over the frames of a take: what each character was seen with, and since when."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from workers.scoring.attributes import Box

#: networks whose boxes are the drawn heads on which colours were learnt and tried
HEADS_OF = frozenset({"toon-id"})
#: an attribute of a take differs when this share of the frames in which it is seen says so
_MAJORITY = 0.5


class AttributeWatch:
    """Fed the faces of looked-at frames, says what colours each character was seen with."""

    def __init__(self, expected: Mapping[str, Mapping[str, str]], network: str) -> None:
        """`expected` is character -> attribute -> word; measured only if `network` is one of `HEADS_OF`."""
        self._expected = {name: words for name, words in expected.items() if network in HEADS_OF}
        self._words: dict[tuple[str, str], str] = {}
        self._seen: dict[tuple[str, str], list[tuple[int, str | None]]] = defaultdict(list)

    def see(self, index: int, picture: NDArray[np.uint8], heads: Mapping[str, Box]) -> None:
        """Measure character -> head in frame `index` of the file, `(H, W, 3)` uint8 RGB."""
        if not any(self._expected.values()):
            return
        # Imported with its first use: it brings torch, which a panel without attributes does not need.
        from workers.scoring.attributes import check

        for name, head in heads.items():
            for kind, check_of in check(picture, head, self._expected.get(name, {})).items():
                self._words[name, kind] = check_of["expected"]
                self._seen[name, kind].append((index, check_of["measured"]))

    def detail(self) -> dict[str, Any]:
        """`{"attributes": {character: {attribute: {...}}}}` for a measurement's detail; empty without anything.

        Each attribute tells `expected`, `measured` (what most of its frames say), `agrees`, `frames` (how many
        showed it), `agreeing` (the share of them, 0..1, that show what is expected) and `from_frame` (the first
        that does not). What no frame showed has `measured` and `agrees` None.
        """
        summaries: dict[str, dict[str, Any]] = {}
        for (name, kind), seen in self._seen.items():
            summaries.setdefault(name, {})[kind] = _summary(self._words[name, kind], seen)
        return {"attributes": summaries} if summaries else {}


def _summary(expected: str, answers: Sequence[tuple[int, str | None]]) -> dict[str, Any]:
    seen = [(index, word) for index, word in answers if word is not None]
    if not seen:
        nothing = {"measured": None, "agrees": None, "agreeing": None, "frames": 0, "from_frame": None}
        return {"expected": expected, **nothing}
    others = [(index, word) for index, word in seen if word != expected]
    agreeing = 1 - len(others) / len(seen)
    agrees = agreeing >= _MAJORITY and not _changes(expected, seen)
    words = Counter(word for _, word in (seen if agrees else others))
    return {
        "expected": expected,
        "measured": expected if agrees else words.most_common(1)[0][0],
        "agrees": agrees,
        "agreeing": round(agreeing, 4),
        "frames": len(seen) if agrees else len(others),
        "from_frame": others[0][0] if others else None,
    }


def _changes(expected: str, seen: Sequence[tuple[int, str]]) -> bool:
    """Whether the last quarter of the frames, three at least, all show something else: a change on the way."""
    last = seen[-max(3, len(seen) // 4) :]
    return len(last) >= 3 and all(word != expected for _, word in last)
