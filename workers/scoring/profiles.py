"""The built-in profiles: which metrics judge each phase, by which networks, against which marks.

`SPEC` is what the specification lists, with its marks and networks; where one is missing the verdict is never
a pass. `EMBEDDED` judges with what a machine without those weights has. Its marks for LPIPS and smoothness are
the specification's; the others belong to its own networks and diagnostics and were set on clips of the
procedural renderer, good ones and ones with each defect: in a checkout `python -m tests.training.calibration`
prints the figures, `python -m tests.training.identity` the identity network's error rates.

Light on purpose: `farm` imports it.
"""

from __future__ import annotations

import json
from pathlib import Path

from models.metrics import Mark, Metric, Profile
from models.nearest import unknown_name
from models.vocabulary import Phase

#: the structural contract's limits, the same in every profile; `workers.media.structure` says what they mean
_STILL_STRUCTURE = (
    Mark(metric=Metric.DECODABLE, limit=1.0),
    Mark(metric=Metric.FRAME_COUNT, limit=1.0),
    Mark(metric=Metric.SIZE, limit=1.0),
    Mark(metric=Metric.BLANK, limit=0.02),
    Mark(metric=Metric.SHARPNESS, limit=20.0),
)
_MOTION_STRUCTURE = (
    *_STILL_STRUCTURE,
    Mark(metric=Metric.FPS, limit=0.99),
    Mark(metric=Metric.FROZEN, limit=0.5),
)
#: jitter: 89 of 90 quick drawn clips of every shape keep 0.1, film 0.16, a hand-held camera close to people in
#: an upright picture 0.25 to 0.33, shaken by 2 px 0.9; others shaken by 2 px are not below 0.34
_DIAGNOSTICS = (
    Mark(metric=Metric.LUMA_FLICKER, limit=0.018),
    Mark(metric=Metric.JITTER, limit=0.3),
    Mark(metric=Metric.FRAME_ORDER, limit=0.73),
)
_TEMPORAL = (
    Mark(metric=Metric.TEMPORAL_LPIPS, limit=0.15, network="lpips-alex"),
    Mark(metric=Metric.MOTION_SMOOTHNESS, limit=0.95, network="dis-flow"),
)
_SEAM = Mark(metric=Metric.LOOP_SEAM, limit=0.15, network="lpips-alex")


def _calibrated(file: str) -> float:
    """The mark that a training script wrote down beside the error rates it goes with."""
    return float(json.loads((Path(__file__).parent / file).read_text())["mark"])


_TOON_IDENTITY = Mark(metric=Metric.IDENTITY, limit=_calibrated("toon_id.json"), network="toon-id")
#: a clip is judged by its p5 over many frames and its least alike character, which is lower than one picture's
#: likeness for good clips and far lower for wrong ones: of 36 good clips the lowest had 0.76, and held to
#: another character the highest had 0.54 (`python -m tests.bench.identity_clips`); the mark is in the middle
_TOON_IDENTITY_OF_A_CLIP = Mark(metric=Metric.IDENTITY, limit=0.65, network="toon-id")

#: DINO's 0.90 belongs to DINO. On lite0 good film has 0.88 to 0.96, drawn clips 0.97 and more, and a clip that
#: turns into another one slowly 0.66 to 0.88 (`make discrimination` shows the clips).
_LITE0_SUBJECT = Mark(metric=Metric.SUBJECT_CONSISTENCY, limit=0.87, network="efficientnet-lite0")

EMBEDDED = Profile(
    name="embedded",
    marks={
        Phase.STILL: (
            *_STILL_STRUCTURE,
            _TOON_IDENTITY,
            Mark(metric=Metric.STYLE_ADHERENCE, limit=0.85, network="toon-style"),
        ),
        Phase.LOOP: (*_MOTION_STRUCTURE, *_DIAGNOSTICS, _SEAM, _TOON_IDENTITY_OF_A_CLIP, *_TEMPORAL),
        Phase.VIDEO: (
            *_MOTION_STRUCTURE,
            *_DIAGNOSTICS,
            _TOON_IDENTITY_OF_A_CLIP,
            *_TEMPORAL,
            _LITE0_SUBJECT,
            Mark(metric=Metric.SCENE_CONTINUITY, limit=_calibrated("toon_scene.json"), network="toon-scene"),
        ),
    },
    leaves_out={
        Metric.AESTHETIC: "no CLIP weights in this profile, so nothing here knows what looks good",
        Metric.FACE_SIMILARITY: "no ArcFace weights in this profile; `identity` by toon-id, which knows only "
        "the procedural renderer's faces, stands in",
        Metric.SUBJECT_CONSISTENCY: "measured, but on EfficientNet-lite0 instead of DINO, with its own mark",
        Metric.SCENE_CONTINUITY: "measured, but by toon-scene, which learnt the procedural renderer's places",
        Metric.STYLE_ADHERENCE: "measured, but by toon-style, which learnt the procedural renderer's style",
    },
)

_ARCFACE = Mark(metric=Metric.FACE_SIMILARITY, limit=0.70, network="arcface-buffalo_l")

SPEC = Profile(
    name="spec",
    marks={
        Phase.STILL: (
            *_STILL_STRUCTURE,
            _ARCFACE,
            Mark(metric=Metric.AESTHETIC, limit=5.5, network="clip-l14-laion"),
            Mark(metric=Metric.STYLE_ADHERENCE, limit=0.85, network="clip-vit-b32"),
        ),
        Phase.LOOP: (*_MOTION_STRUCTURE, *_DIAGNOSTICS, _SEAM, _ARCFACE, *_TEMPORAL),
        Phase.VIDEO: (
            *_MOTION_STRUCTURE,
            *_DIAGNOSTICS,
            _ARCFACE,
            *_TEMPORAL,
            Mark(metric=Metric.SUBJECT_CONSISTENCY, limit=0.90, network="dino-vitb16"),
            Mark(metric=Metric.SCENE_CONTINUITY, limit=0.85, network="clip-vit-b32"),
        ),
    },
)

BUILT_IN = {EMBEDDED.name: EMBEDDED, SPEC.name: SPEC}


def profile(name: str) -> Profile:
    """The built-in profile of that name.

    Raises:
        UnknownName: there is none.
    """
    try:
        return BUILT_IN[name]
    except KeyError:
        raise unknown_name(name, BUILT_IN, "profile") from None
