"""Why a metric failed, in one plain sentence each: the only place where such sentences are written.

The terminal, the HTML report and `why` all read them here, so that a person hears the same words everywhere.
Frame numbers are positions in the file, from 0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from models.metrics import Direction, Metric
from models.vocabulary import ScoreStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from farm.explaining.scores import MarkedScore

    Sentence = Callable[["MarkedScore"], str]

_ATTRIBUTES = {"hair_color": "hair", "eye_color": "eyes"}
#: an attribute is spoken of when it was seen in this many frames, or in the only one
_FEW_FRAMES = 2


def explain(score: MarkedScore) -> str:
    """What is wrong with this metric of the take, one sentence without its name; empty when nothing is.

    Reads the distribution, the worst frame and the ordered figures from the measurement's detail, and does with
    less where they are missing.
    """
    if score.status is ScoreStatus.PASS:
        return ""
    if score.value is None or score.status is ScoreStatus.NOT_MEASURED:
        return "not measured: " + (score.reason or "nobody wrote down why").rstrip(".")
    sentence = _SENTENCES.get(score.metric, _beyond)(score)
    return f"{sentence}; no retake can mend it: {score.beyond_retakes}" if score.beyond_retakes else sentence


def explanations(scores: Iterable[MarkedScore]) -> list[str]:
    """`metric: sentence` for what failed, then for what was not measured; then attributes that differ."""
    explained = [(score, explain(score)) for score in scores]
    failed = [f"{score.metric.value}: {text}." for score, text in explained if score.status is ScoreStatus.FAIL]
    unknown = [
        f"{score.metric.value}: {text}."
        for score, text in explained
        if score.status is ScoreStatus.NOT_MEASURED
    ]
    return failed + unknown + [text for score, _ in explained for text in differing_attributes(score)]


def differing_attributes(score: MarkedScore) -> list[str]:
    """`aiko: eyes measured green, expected blue (18 frames, from frame 60 on).`, for each that differs."""
    return [_attribute(*each) for each in _attributes(score) if each[2].get("agrees") is False]


def attribute_sentences(score: MarkedScore) -> list[str]:
    """A sentence for each measured attribute of each character, those that agree as well."""
    return [_attribute(*each) for each in _attributes(score)]


def frame_range(score: MarkedScore) -> str:
    """The frame or frames at which the metric is worst, in words; empty when it does not say."""
    worst = score.worst_frame
    if worst is None:
        return ""
    if score.metric in CHANGES and worst > 0:
        return f"between frames {worst - 1} and {worst}"
    return f"in frame {worst}"


#: metrics that compare a frame with the one before it: `worst_frame` is the later of the two
CHANGES = frozenset({Metric.TEMPORAL_LPIPS})


def _attributes(score: MarkedScore) -> list[tuple[str, str, dict[str, Any]]]:
    people = score.detail.get("attributes")
    if not isinstance(people, dict):
        return []
    return [
        (name, kind, reading)
        for name, kinds in people.items()
        for kind, reading in kinds.items()
        if isinstance(reading, dict)
    ]


def _attribute(name: str, kind: str, reading: dict[str, Any]) -> str:
    what = _ATTRIBUTES.get(kind, kind.replace("_", " "))
    expected, measured = reading.get("expected"), reading.get("measured")
    if measured is None:
        return f"{name}: {what} not seen, expected {expected}."
    if reading.get("agrees") is not False:
        return f"{name}: {what} {measured}, as expected."
    frames, first = reading.get("frames"), reading.get("from_frame")
    where = [f"{frames} frames"] if isinstance(frames, int) and frames > 1 else []
    if first and isinstance(frames, int) and frames >= _FEW_FRAMES:
        where.append(f"from frame {first} on")
    seen = f" ({', '.join(where)})" if where else ""
    return f"{name}: {what} measured {measured}, expected {expected}{seen}."


def _figures(score: MarkedScore, *, called: str = "", unit: str = "") -> str:
    """`(p95 0.41, allowed 0.15)`: the number that decided, beside the limit it missed."""
    if score.value is None:
        return ""
    digits = 3
    value = _short(score.value, digits)
    # A value just short of its mark must not read like the mark.
    while score.mark is not None and value == _short(score.mark, digits) and digits < 8:
        digits += 1
        value = _short(score.value, digits)
    text = f"{called} {value}{unit}".strip()
    if score.mark is None:
        return f"({text})"
    word = "allowed" if score.metric.direction is Direction.LOWER else "needed"
    return f"({text}, {word} {_short(score.mark, digits)}{unit})"


def _short(value: float, digits: int = 3) -> str:
    return f"{value:.{digits}g}" if abs(value) < 100 else f"{value:.0f}"


def _ordered(what: str) -> Sentence:
    return lambda score: f"{what}: {score.detail['text']}" if score.detail.get("text") else _beyond(score)


def _at(score: MarkedScore, how: str = "worst in") -> str:
    return "" if score.worst_frame is None else f", {how} frame {score.worst_frame}"


def _decodable(score: MarkedScore) -> str:
    return f"the file cannot be decoded: {str(score.detail.get('text') or 'it is damaged').rstrip('.')}"


def _blank(score: MarkedScore) -> str:
    where = frame_range(score).removeprefix("in ") or "a frame"
    return f"{where} is nearly one flat colour {_figures(score, called='brightness varies by')}"


def _frozen(score: MarkedScore) -> str:
    longest, first = score.detail.get("longest_run"), score.detail.get("longest_run_from")
    if longest is None:
        return f"the picture stands still {_figures(score)}"
    since = f" from frame {first} on" if first is not None else ""
    return f"the picture stands still for {longest} frames{since} {_figures(score)}"


def _sharpness(score: MarkedScore) -> str:
    return f"the picture is blurred {_figures(score)}"


def _luma_flicker(score: MarkedScore) -> str:
    return f"the brightness flickers{_at(score, 'worst around')} {_figures(score)}"


def _jitter(score: MarkedScore) -> str:
    return f"the picture shakes{_at(score, 'worst around')} {_figures(score, unit=' % of the width')}"


def _frame_order(score: MarkedScore) -> str:
    return f"frames do not follow one another{_at(score, 'worst around')} {_figures(score)}"


def _loop_seam(score: MarkedScore) -> str:
    return f"the loop does not close, its last frame jumps to its first {_figures(score)}"


def _temporal_lpips(score: MarkedScore) -> str:
    where, p95 = frame_range(score), score.detail.get("p95")
    if score.detail.get("binding") == "cut":
        what = score.detail.get("text") or "a cut that was not ordered"
        return f"{what} {_figures(score, called='a step of')}"
    if score.detail.get("binding") == "mean":
        most = f", most {where}" if where else ""
        return f"the picture changes too much from frame to frame{most} {_figures(score, called='mean')}"
    called = "p95" if p95 is not None else ""
    if not where:
        return f"the picture jumps from frame to frame {_figures(score, called=called)}"
    step = f"by {_short(score.worst)} " if score.curve else ""
    return f"the picture jumps {step}{where} {_figures(score, called=called)}"


def _smoothness(score: MarkedScore) -> str:
    return f"movement is not smooth{_at(score, 'least in')} {_figures(score)}"


def _subject(score: MarkedScore) -> str:
    return f"the subject does not stay the same{_at(score, 'least alike in')} {_figures(score)}"


def _identity(score: MarkedScore) -> str:
    people = score.detail.get("characters")
    who = "a character"
    if isinstance(people, dict) and people:
        likeness = {name: values.get("p5") for name, values in people.items() if isinstance(values, dict)}
        known = {name: value for name, value in likeness.items() if value is not None}
        who = min(known, key=lambda name: known[name]) if known else next(iter(people))
    looked = score.detail.get("frames_looked_at")
    called = "p5" if isinstance(looked, int) and looked > 1 else "likeness"
    where = _at(score, "least in") if looked != 1 else ""
    return f"{who} does not look like the reference{where} {_figures(score, called=called)}"


def _style(score: MarkedScore) -> str:
    looked = score.detail.get("frames_looked_at")
    called = "p5" if isinstance(looked, int) and looked > 1 else ""
    where = _at(score, "least in") if looked != 1 else ""
    return f"the picture is not in the show's style{where} {_figures(score, called=called)}"


def _aesthetic(score: MarkedScore) -> str:
    return f"the picture is rated too low {_figures(score)}"


def _continuity(score: MarkedScore) -> str:
    return f"the cut does not look like its neighbours in the scene {_figures(score)}"


def _beyond(score: MarkedScore) -> str:
    """For a metric that has no sentence of its own yet."""
    word = "high" if score.metric.direction is Direction.LOWER else "low"
    return f"the value is too {word}{_at(score)} {_figures(score)}"


_SENTENCES: dict[Metric, Sentence] = {
    Metric.DECODABLE: _decodable,
    Metric.FRAME_COUNT: _ordered("the number of frames is wrong"),
    Metric.SIZE: _ordered("the size is wrong"),
    Metric.FPS: _ordered("the frame rate is wrong"),
    Metric.BLANK: _blank,
    Metric.FROZEN: _frozen,
    Metric.SHARPNESS: _sharpness,
    Metric.LUMA_FLICKER: _luma_flicker,
    Metric.JITTER: _jitter,
    Metric.FRAME_ORDER: _frame_order,
    Metric.LOOP_SEAM: _loop_seam,
    Metric.FACE_SIMILARITY: _identity,
    Metric.IDENTITY: _identity,
    Metric.AESTHETIC: _aesthetic,
    Metric.STYLE_ADHERENCE: _style,
    Metric.TEMPORAL_LPIPS: _temporal_lpips,
    Metric.MOTION_SMOOTHNESS: _smoothness,
    Metric.SUBJECT_CONSISTENCY: _subject,
    Metric.SCENE_CONTINUITY: _continuity,
}
