"""Reference values: what networks must say about pictures that others have measured too."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from models.errors import NotMeasured
from workers.acceptance.findings import Band, Finding, compared, crashed, missing
from workers.acceptance.media import EXAMPLE_PAIR
from workers.acceptance.networks import is_required, pull_command
from workers.scoring import metrics
from workers.scoring.frames import SHORT_SIDE_PX, Shrinker, short_side
from workers.scoring.shots import ShotSeeker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from workers.acceptance.media import Media
    from workers.scoring.networks.network import Face
    from workers.scoring.networks.shelf import Shelf

    Check = Callable[[Shelf, Media], Iterator[Finding]]

SECTION = "Reference values"
#: no package carries these pictures, so a machine without them is not the worse for it
_PAIR = "LPIPS of the upstream example pair"
_BUNNY = "bigbuckbunny.mp4"
_BIKES = "bikes.mp4"
#: first frames of the shots of bikes.mp4: each differs from the frame before by 53 to 85 levels of 255
BIKES_CUTS = (30, 76, 137, 187, 242)


def checks(shelf: Shelf, media: Media) -> Iterator[Finding]:
    """Every comparison with a known value; one that lacks its network or its sample says so."""
    for name, (network, check) in _CHECKS.items():
        try:
            yield from check(shelf, media)
        except NotMeasured as error:
            required = is_required(network) and name != _PAIR
            todo = error.hint
            if not todo or "networks pull" in todo:
                todo = pull_command(required=required)
            yield missing(SECTION, name, error.message, todo, required=required)
        except Exception as error:  # noqa: BLE001 - drivers raise what they like, and the rest must still be measured
            yield crashed(SECTION, name, error)


def _example_pair(shelf: Shelf, media: Media) -> Iterator[Finding]:
    network = shelf.pairs("lpips-alex")
    first, *others = (network.features(media.picture(name)) for name in EXAMPLE_PAIR)
    source = "the authors of LPIPS publish these for their example pictures"
    for name, other, expected in zip(EXAMPLE_PAIR[1:], others, (0.722, 0.138), strict=True):
        value = network.distance(first, other)
        yield compared(SECTION, f"LPIPS of ex_ref and {name[:-4]}", value, Band.around(expected, 0.002, source))


def _lpips_sizes(shelf: Shelf, media: Media) -> Iterator[Finding]:
    network = shelf.pairs("lpips-alex")
    frames = media.frames(_BUNNY, 0, 40)
    source = "measured with float32 on a CPU, equal to the package lpips to 1e-5"
    for side, expected in ((128, 0.0146), (256, 0.0205), (512, 0.0295)):
        features = (network.features(short_side(frame, side)) for frame in frames)
        value = float(np.mean([network.distance(one, other) for one, other in pairwise(features)]))
        band = Band.around(expected, 0.0004, source)
        yield compared(SECTION, f"LPIPS of neighbouring frames at {side} px", value, band)


def _cuts(shelf: Shelf, media: Media) -> Iterator[Finding]:
    finder = shelf.shot_finder("transnetv2")
    seeker = ShotSeeker(finder)
    shrinker = Shrinker()
    for index, picture in enumerate(media.frames(_BIKES, 0, 260)):
        seeker.see(shrinker.take(index, picture))
    cuts = seeker.finish().cuts
    right = len(set(cuts) & set(BIKES_CUTS)) - len(set(cuts) - set(BIKES_CUTS))
    yield compared(
        SECTION,
        "cuts of bikes.mp4",
        right,
        Band(low=5, high=5, source="where the pixels of two neighbouring frames differ most"),
        shown=", ".join(map(str, cuts)) or "none",
        expected=", ".join(map(str, BIKES_CUTS)),
    )


def _faces(shelf: Shelf, media: Media) -> Iterator[Finding]:
    network = shelf.faces("arcface-buffalo_l")
    faces = network.look(media.picture("t1.jpg"), most=20)
    band = Band(low=6, high=6, source="the picture comes with InsightFace and shows six people")
    yield compared(SECTION, "faces in t1.jpg", len(faces), band)
    likeness = network.likeness(_vectors(faces), _vectors(faces))
    others = likeness[~np.eye(len(faces), dtype=bool)]
    source = "different people; verification of one person begins at about 0.28"
    band = Band(low=-1.0, high=0.28, source=source)
    yield compared(SECTION, "highest likeness of two people in t1.jpg", float(others.max(initial=-1)), band)


def _subject(shelf: Shelf, media: Media) -> Iterator[Finding]:
    network = shelf.embedder("dino-vitb16")
    vectors = np.stack([network.embed(frame) for frame in media.frames(_BUNNY, 0, 60)])
    band = Band.around(0.944, 0.05, "VBench: animation scores about 0.944")
    value = float(np.mean(metrics.subject_steps(vectors)))
    yield compared(SECTION, "subject consistency of an animated shot (DINO)", value, band)


def _smoothness(name: str) -> Check:
    def check(shelf: Shelf, media: Media) -> Iterator[Finding]:
        network = shelf.interpolator(name)
        frames = [_small(frame) for frame in media.frames(_BUNNY, 0, 41)]
        kept = frames[::2]
        errors = [
            np.abs(network.between(before, after).astype(np.float64) - truth).mean()
            for before, after, truth in zip(kept, kept[1:], frames[1::2], strict=False)
        ]
        value = (255.0 - float(np.mean(errors))) / 255.0
        band = Band.around(0.987, 0.012, "VBench: animation scores about 0.987")
        yield compared(SECTION, f"motion smoothness of an animated shot ({name})", value, band)

    return check


def _aesthetic(shelf: Shelf, media: Media) -> Iterator[Finding]:
    network = shelf.rater("clip-l14-laion")
    values = [network.rate(frame) for frame in media.frames(_BUNNY, 0, 60)[::15]]
    band = Band.around(5.27, 1.2, "professional animation scores 5.27 on average with this head")
    yield compared(SECTION, "aesthetic of an animated shot", float(np.mean(values)), band)


def _cosines(name: str) -> Check:
    """Frames of one shot must be more alike than frames of two films, for whatever makes vectors.

    As in the panel, each network is given the whole frame and shrinks it in its own way.
    """

    def check(shelf: Shelf, media: Media) -> Iterator[Finding]:
        network = shelf.embedder(name)
        bunny = [network.embed(frame) for frame in media.frames(_BUNNY, 0, 60)[::15]]
        bikes = [network.embed(frame) for frame in media.frames(_BIKES, 80, 130)[::15]]
        within = min(_cosine(one, other) for one, other in pairwise(bunny))
        between = max(_cosine(one, other) for one in bunny for other in bikes)
        if name == "efficientnet-lite0":
            source = "measured on whole frames of three clips: 0.73 to 0.98 inside a shot, 0.24 to 0.45 between"
            # Those were a few frames of each: a little more room than the extremes seen there.
            band = Band(low=0.73 - 0.03, high=1.0, source=source)
            yield compared(SECTION, f"lowest cosine inside one shot ({name})", within, band)
            band = Band(low=-1.0, high=0.45 + 0.03, source=source)
            yield compared(SECTION, f"highest cosine between two films ({name})", between, band)
            return
        band = Band(low=0.0, high=math.inf, source="one shot is more alike than two films")
        shown = f"{within:.3f} inside, {between:.3f} between"
        yield compared(SECTION, f"cosines inside against between ({name})", within - between, band, shown=shown)

    return check


def _vectors(faces: list[Face]) -> NDArray[np.float32]:
    return np.stack([face.vector for face in faces])


def _cosine(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    return float(np.dot(one, other) / (np.linalg.norm(one) * np.linalg.norm(other)))


def _small(frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """At the panel's small size, for what compares pixels; whatever embeds a picture is shown all of it."""
    return short_side(frame, SHORT_SIDE_PX)


#: what is compared, the network that it takes, and how
_CHECKS: dict[str, tuple[str, Check]] = {
    _PAIR: ("lpips-alex", _example_pair),
    "LPIPS at three sizes": ("lpips-alex", _lpips_sizes),
    "cuts of bikes.mp4": ("transnetv2", _cuts),
    "faces in t1.jpg": ("arcface-buffalo_l", _faces),
    "subject consistency (DINO)": ("dino-vitb16", _subject),
    "motion smoothness (dis-flow)": ("dis-flow", _smoothness("dis-flow")),
    "motion smoothness (amt-s)": ("amt-s", _smoothness("amt-s")),
    "aesthetic": ("clip-l14-laion", _aesthetic),
    **{
        f"cosines ({name})": (name, _cosines(name))
        for name in ("efficientnet-lite0", "dino-vitb16", "clip-vit-b32", "clip-vit-l14")
    },
}
