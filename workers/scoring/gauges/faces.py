"""face_similarity and identity: who is whom in each frame, and how alike to their reference."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.optimize import linear_sum_assignment

from models.errors import BadInput, NoFace
from models.metrics import Measurement
from workers.scoring import metrics
from workers.scoring.attribute_watch import AttributeWatch
from workers.scoring.gauges.gauge import Sampler, measured, not_measured
from workers.scoring.references import IdentityReference, Outlier

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from models.metrics import Metric
    from workers.scoring.frames import Frame
    from workers.scoring.networks.network import Face, FaceNetwork
    from workers.scoring.references import CharacterReference
    from workers.scoring.shots import Shots

#: share of looked-at frames that must show every expected character before their likeness means anything
MIN_DETECTION_RATE = 0.8
#: faces looked for beyond the expected ones, so that an unexpected one never takes the place of an expected one
_STRANGERS = 5
#: likeness below which two faces are two people, for a network that does not say its own (`outlier`): heads of
#: one procedural character have cosines above it by `toon-id`, unless one is seen from behind
_OUTLIER = 0.4
#: by how much of a sure face one character must be shown more than any other, where the pictures are at odds
_CLEARLY = 0.1


@dataclass(frozen=True, slots=True)
class FrameFaces:
    """One looked-at frame: where every expected character is, and how alike to their reference."""

    frame: int  #: position in the file
    faces: tuple[Face, ...]  #: one for each expected character, in their order; empty when somebody is missing
    likeness: tuple[float, ...]  #: beside `faces`
    seen: int  #: all faces found, strangers included


def assign(similarities: NDArray[np.float32]) -> list[tuple[int, int]]:
    """Pairs (character, face) with the greatest total likeness, from `(characters, faces)`.

    >>> assign(np.array([[0.9, 0.8], [0.85, 0.1]]))
    [(0, 1), (1, 0)]
    """
    rows, columns = linear_sum_assignment(-similarities)
    return [(int(row), int(column)) for row, column in zip(rows, columns, strict=True)]


class FaceGauge:
    """Likeness of every expected character over a sample of distinct frames; a still is a sample of one."""

    def __init__(
        self,
        metric: Metric,
        network: FaceNetwork,
        characters: Sequence[CharacterReference],
        *,
        frame_count: int,
        samples: int,
    ) -> None:
        self._metric = metric
        self._network = network
        self._names = [character.name for character in characters]
        self._foreign = [c.name for c in characters if (c.network, c.sha256) != (network.name, network.sha256)]
        # Vectors of two networks differ in length as well, and are never put side by side.
        self._references = (
            np.stack([c.vector for c in characters]) if not self._foreign else np.empty((0, 0), np.float32)
        )
        self._colours = AttributeWatch({c.name: c.attributes for c in characters}, network.name)
        self._sampler = Sampler(frame_count, samples)
        self._waiting: list[Frame] = []
        self._sightings: list[FrameFaces] = []

    def see(self, frame: Frame) -> None:
        """Look for everybody when the frame is one of the sample."""
        if self._foreign or not self._sampler.wants(frame):
            return
        self._waiting.append(frame)
        if len(self._waiting) >= getattr(self._network, "batch", 1):
            self._look()

    def finish(self, shots: Shots) -> list[Measurement]:
        """The metric with each character's own numbers, or why there is none.

        Frames are numbered from the start of the file: who is in a picture does not depend on its shot.
        """
        self._look()
        complete = [sighting for sighting in self._sightings if sighting.faces]
        reason = self._why_not(len(complete))
        if reason:
            refused = not_measured(self._metric, reason, self._network.name)
            return [replace(refused, detail=self._finding(len(complete)))]
        table = np.array([sighting.likeness for sighting in complete])
        frames = [sighting.frame for sighting in complete]
        summary = metrics.identity_summary(table.min(axis=1), frames, len(complete), len(self._sightings))
        worst = complete[int(table.min(axis=1).argmin())]
        summary.detail.update(self._finding(len(complete)) | self._colours.detail())
        summary.detail["characters"] = {
            name: _readings(table[:, who], worst.faces[who]) for who, name in enumerate(self._names)
        }
        return [measured(self._metric, summary, self._network)]

    def _look(self) -> None:
        """Find the faces of the waiting frames, together where the network gains by it."""
        waiting, self._waiting = self._waiting, []
        most = len(self._names) + _STRANGERS
        together = getattr(self._network, "look_at_all", None)
        if together is not None:
            faces_of_each = together([frame.full for frame in waiting], most) if waiting else []
        else:
            faces_of_each = [self._network.look(frame.full, most) for frame in waiting]
        for frame, faces in zip(waiting, faces_of_each, strict=True):
            sighting = self._sighting(frame, faces)
            self._sightings.append(sighting)
            # There are no faces where one is missing: then it is unknown who is who.
            who = zip(self._names, sighting.faces, strict=False)
            self._colours.see(frame.index, frame.full, dict(who))

    def _sighting(self, frame: Frame, faces: list[Face]) -> FrameFaces:
        """Who is who in this frame: every expected character gets a face of their own, or nobody gets one."""
        if len(faces) < len(self._names):
            return FrameFaces(frame.index, (), (), len(faces))
        likeness = self._network.likeness(self._references, np.stack([face.vector for face in faces]))
        pairs = sorted(assign(likeness))
        return FrameFaces(
            frame=frame.index,
            faces=tuple(faces[column] for _, column in pairs),
            likeness=tuple(float(likeness[row, column]) for row, column in pairs),
            seen=len(faces),
        )

    def _why_not(self, complete: int) -> str:
        looked = len(self._sightings)
        if self._foreign:
            return f"The reference of {', '.join(self._foreign)} was made by another version of this network."
        if not looked or complete / looked < MIN_DETECTION_RATE:
            people = "the expected character" if len(self._names) == 1 else f"all {len(self._names)} characters"
            return f"Only {complete} of {looked} frames show {people}."
        return ""

    def _finding(self, complete: int) -> dict[str, Any]:
        """How well faces were found at all; shown whether or not their likeness could be measured."""
        looked = len(self._sightings)
        strangers = [max(0, sighting.seen - len(self._names)) for sighting in self._sightings]
        return {
            "detection_rate": round(complete / looked, 4) if looked else None,
            "frames_looked_at": looked,
            "missing_frames": [sighting.frame for sighting in self._sightings if not sighting.faces],
            "unexpected_faces": max(strangers, default=0),
            "unexpected_in_frames": sum(1 for count in strangers if count),
        }


def _readings(likeness: NDArray[np.float64], worst: Face) -> dict[str, Any]:
    """One character over the frames, `(F,)`, and their box in the worst frame: left, top and size in pixels."""
    return {
        "mean": round(float(likeness.mean()), 4),
        "median": round(float(np.median(likeness)), 4),
        "p5": round(float(np.percentile(likeness, 5)), 4),
        "worst": round(float(likeness.min()), 4),
        "curve": metrics.curve(likeness),
        "worst_box": {
            "x": round(worst.x - worst.width / 2),
            "y": round(worst.y - worst.height / 2),
            "w": round(worst.width),
            "h": round(worst.height),
        },
    }


def build_identity_reference(network: FaceNetwork, pictures: Sequence[NDArray[np.uint8]]) -> IdentityReference:
    """One character's reference from pictures `(H, W, 3)` uint8 RGB of them; four do well.

    A sheet gives all its heads. In a picture of several people the one is taken whom the other pictures show. A
    picture that is not used is listed with the reason.

    Raises:
        NoFace: no picture shows one.
        BadInput: nobody can tell who of several people is meant.
    """
    faces_of_each = [network.look(picture) for picture in pictures]
    owners = np.array([position for position, faces in enumerate(faces_of_each) for _ in faces])
    if not len(owners):
        raise NoFace(hint="Give pictures that show the face.")
    table = np.stack([face.vector for faces in faces_of_each for face in faces])
    likeness = np.array(network.likeness(table, table))
    mark = float(getattr(network, "outlier", _OUTLIER))
    crowds = _crowds(likeness, owners, mark)
    scores = np.array([face.score for faces in faces_of_each for face in faces], dtype=np.float32)
    core = _core(likeness, owners, scores, np.isin(owners, crowds, invert=True), mark)
    centre = network.average(table[core])
    # A crowd has no vote on who is meant, but may show them.
    meant = core | (np.isin(owners, crowds) & (network.likeness(centre[None], table)[0] >= mark))
    mean = network.average(table[meant])
    used = set(owners[meant].tolist())
    return IdentityReference(
        vector=mean,
        network=network.name,
        sha256=network.sha256,
        images_used=len(used),
        outliers=tuple(
            Outlier(position, _why_unused(len(faces), position in crowds))
            for position, faces in enumerate(faces_of_each)
            if position not in used
        ),
        baseline=float(network.likeness(mean[None], table[meant]).mean()),
    )


def _crowds(likeness: NDArray[np.float32], owners: NDArray[np.int64], mark: float) -> list[int]:
    """Pictures whose own faces are unlike one another; a sheet of one character is none."""
    within = owners[:, None] == owners[None]
    return sorted({int(owner) for owner in owners[(within & (likeness < mark)).any(axis=1)]})


def _core(
    likeness: NDArray[np.float32],
    owners: NDArray[np.int64],
    scores: NDArray[np.float32],
    votes: NDArray[np.bool_],
    mark: float,
) -> NDArray[np.bool_]:
    """Which faces `(K,)` are surely the one who is meant: those like half or more of the others with a vote.

    Raises:
        BadInput: there is no such face.
    """
    votes = votes if votes.any() else np.ones_like(votes)
    alike = ((likeness >= mark) & votes & ~np.eye(len(votes), dtype=bool)).sum(axis=1)
    # Two outvote a third; of two that differ it is unknown which is right, so neither stays.
    votes = votes & (2 * alike >= votes.sum() - 1)
    return votes if votes.any() else _most_shown(likeness, owners, scores, mark)


def _most_shown(
    likeness: NDArray[np.float32], owners: NDArray[np.int64], scores: NDArray[np.float32], mark: float
) -> NDArray[np.bool_]:
    """Faces `(K,)` of whom the most pictures show, crowds as well, where those with a vote are at odds.

    A picture counts as much as the detector is sure of its face, so that what it twice takes for a face does
    not outweigh one that is there.

    Raises:
        BadInput: no face is in two pictures, or two people are in about equally many.
    """
    alike = likeness >= mark
    weight = np.array([_shown(scores, owners, row) for row in alike])
    chosen: NDArray[np.bool_] = alike[int(weight.argmax())]
    others = weight[~chosen].max(initial=0.0)
    enough = min(2, len(set(owners.tolist())))
    if len(set(owners[chosen].tolist())) < enough or others > weight.max() - _CLEARLY:
        raise BadInput(
            "These pictures show different people, so nobody can tell who is meant.",
            hint="Give pictures that show one character.",
        )
    return chosen


def _shown(scores: NDArray[np.float32], owners: NDArray[np.int64], faces: NDArray[np.bool_]) -> float:
    """In how many pictures one of these faces is, each counted by how sure it is."""
    return float(sum(scores[faces & (owners == owner)].max() for owner in set(owners[faces].tolist())))


def _why_unused(faces: int, crowd: bool) -> str:
    if not faces:
        return "no face"
    return "several people" if crowd else "unlike the others"
