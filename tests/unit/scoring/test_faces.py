"""Who is whom over the frames of a take, and how references are made, with a network told what it sees."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import permutations

import numpy as np
import pytest

from models.errors import BadInput
from models.metrics import Metric
from workers.scoring.frames import Frame
from workers.scoring.gauges.faces import FaceGauge, assign, build_identity_reference
from workers.scoring.networks.network import Face
from workers.scoring.references import CharacterReference
from workers.scoring.shots import Shots

AIKO, REN, MIO = np.eye(3, 4, dtype=np.float32)


@dataclass
class Told:
    """A network that reads in a picture's first pixel which list of vectors it shows."""

    shown: list[list[np.ndarray]]
    name: str = "arcface-buffalo_l"
    sha256: str = "a" * 64
    device: str = "cpu"
    outlier: float = 0.28
    asked: list[int] = field(default_factory=list)

    def look(self, picture, most=6):
        self.asked.append(most)
        vectors = self.shown[int(picture[0, 0, 0])][:most]
        return [
            Face(100 + 50 * n, 80, 40, 60, 0.9, unit(vector).astype(np.float32))
            for n, vector in enumerate(vectors)
        ]

    def likeness(self, references, vectors):
        return references @ vectors.T

    def average(self, vectors):
        return unit(vectors.mean(axis=0)).astype(np.float32)


class Batched(Told):
    """The same network on a device that gains by several pictures at once."""

    batch = 4

    def look_at_all(self, pictures, most=6):
        self.batches = [*getattr(self, "batches", []), len(pictures)]
        return [Told.look(self, picture, most) for picture in pictures]


def unit(vector):
    return vector / np.linalg.norm(vector)


def frame(index: int, held: bool = False) -> Frame:
    full = np.full((4, 4, 3), index, np.uint8)
    return Frame(index=index, full=full, small=full, luma=np.zeros((4, 4), np.float32), held=held)


def of(name: str, vector: np.ndarray, **other: str) -> CharacterReference:
    made_by = {"network": "arcface-buffalo_l", "sha256": "a" * 64} | other
    return CharacterReference(name=name, vector=vector, **made_by)


def measure(network, *characters, samples: int = 100):
    count = len(network.shown)
    gauge = FaceGauge(Metric.FACE_SIMILARITY, network, characters, frame_count=count, samples=samples)
    for index in range(count):
        gauge.see(frame(index))
    (told,) = gauge.finish(Shots())
    return told


def test_the_assignment_is_the_best_of_all_there_are():
    """Compared with every possible assignment, on a hundred tables of up to five characters and six faces."""
    random = np.random.default_rng(1)
    for _ in range(100):
        characters = int(random.integers(1, 6))
        table = random.normal(size=(characters, int(random.integers(characters, 7))))

        pairs = assign(table)

        best = max(
            sum(table[row, column] for row, column in enumerate(chosen))
            for chosen in permutations(range(table.shape[1]), characters)
        )
        assert sum(table[pair] for pair in pairs) == pytest.approx(best)
        assert len({column for _, column in pairs}) == characters


def test_a_face_stands_for_one_character_only():
    """Ren looks a little like Aiko; Aiko's own face must not be counted for both."""
    rather_aiko = AIKO + 0.9 * REN

    told = measure(Told([[AIKO, rather_aiko]]), of("aiko", AIKO), of("ren", REN))

    assert told.detail["characters"]["aiko"]["mean"] == pytest.approx(1.0)
    assert told.value == pytest.approx(0.669, abs=1e-3)


def test_the_distribution_the_worst_frame_and_each_character_are_told():
    shown = [[AIKO, REN]] * 20
    shown[7] = [AIKO, REN + 2 * MIO]

    told = measure(Told(shown), of("aiko", AIKO), of("ren", REN))

    assert told.detail["median"] == told.detail["characters"]["aiko"]["worst"] == pytest.approx(1.0)
    assert told.detail["worst_frame"] == 7
    assert told.detail["worst"] == pytest.approx(5**-0.5, abs=1e-4)
    assert told.value == pytest.approx(told.detail["p5"], abs=1e-4)
    assert told.value < told.detail["mean"] < 1
    assert told.detail["curve_frames"] == list(range(20))
    assert len(told.detail["characters"]["ren"]["curve"]) == len(told.detail["curve"]) == 20
    assert told.detail["characters"]["ren"]["worst_box"] == {"x": 130, "y": 50, "w": 40, "h": 60}


def test_frames_keep_their_number_in_the_file_when_some_are_held_skipped_or_incomplete():
    network = Told([[AIKO]] * 11 + [[]] + [[AIKO]] * 8)
    gauge = FaceGauge(Metric.IDENTITY, network, [of("aiko", AIKO)], frame_count=20, samples=10)

    for index in range(20):
        gauge.see(frame(index, held=index in (10, 12)))
    (told,) = gauge.finish(Shots((5,)))

    # Every other frame is due; for a held one the next distinct one is looked at.
    assert told.detail["curve_frames"] == [0, 2, 4, 6, 8, 13, 14, 16, 18]
    assert told.detail["missing_frames"] == [11]
    assert told.detail["detection_rate"] == 0.9


def test_too_few_frames_with_everybody_are_not_measured_and_the_rate_is_told():
    network = Told([[AIKO, REN]] * 7 + [[AIKO]] * 3)

    told = measure(network, of("aiko", AIKO), of("ren", REN))

    assert told.value is None
    assert told.reason == "Only 7 of 10 frames show all 2 characters."
    assert told.detail["detection_rate"] == 0.7
    assert told.detail["frames_looked_at"] == 10
    assert told.detail["missing_frames"] == [7, 8, 9]


def test_the_least_share_of_frames_itself_is_enough():
    told = measure(Told([[AIKO]] * 8 + [[]] * 2), of("aiko", AIKO))

    assert told.value == pytest.approx(1.0)
    assert told.detail["detection_rate"] == 0.8


def test_strangers_are_counted_and_take_nobodys_place():
    crowd = [MIO] * 6
    network = Told([[AIKO], [*crowd, AIKO], [MIO, AIKO]])

    told = measure(network, of("aiko", AIKO))

    assert told.detail["unexpected_faces"] == 5
    assert told.detail["unexpected_in_frames"] == 2
    assert network.asked == [6, 6, 6]


@pytest.mark.parametrize(
    "made_by", [{"network": "toon-id"}, {"sha256": "b" * 64}], ids=["another network", "another file of it"]
)
def test_a_reference_made_otherwise_is_refused_and_never_compared(made_by):
    network = Told([[AIKO]])

    told = measure(network, of("aiko", np.ones(7, np.float32), **made_by))

    assert told.value is None
    assert told.reason == "The reference of aiko was made by another version of this network."
    assert told.detail["detection_rate"] is None
    assert network.asked == []


def test_a_network_that_gains_by_it_is_asked_for_several_frames_at_once_with_the_same_answer():
    shown = [[AIKO + 0.1 * n * REN, MIO] for n in range(10)]

    together, alone = Batched(shown), Told(shown)

    assert measure(together, of("aiko", AIKO)) == measure(alone, of("aiko", AIKO))
    assert together.batches == [4, 4, 2]


def build(*shown, mark: float = 0.28):
    network = Told(list(shown), outlier=mark)
    return build_identity_reference(network, [frame(index).full for index in range(len(shown))])


def test_a_reference_is_the_normalised_mean_of_the_approved_pictures():
    made = build([AIKO], [AIKO + 0.5 * REN], [AIKO - 0.5 * REN])

    assert made.vector == pytest.approx(AIKO, abs=1e-6)
    assert np.linalg.norm(made.vector) == pytest.approx(1.0)
    assert (made.images_used, made.outliers) == (3, ())
    assert made.baseline == pytest.approx((1 + 2 * 1.25**-0.5) / 3)
    assert (made.network, made.sha256) == ("arcface-buffalo_l", "a" * 64)


def test_each_picture_that_is_not_used_is_listed_with_the_reason():
    made = build([AIKO], [], [AIKO], [MIO], [REN, MIO], [AIKO])

    assert made.vector == pytest.approx(AIKO)
    assert made.images_used == 3
    assert [(outlier.position, outlier.why) for outlier in made.outliers] == [
        (1, "no face"),
        (3, "unlike the others"),
        (4, "several people"),
    ]


def test_a_sheet_gives_all_its_heads():
    made = build([AIKO, AIKO + 0.2 * REN, AIKO - 0.2 * REN])

    assert made.vector == pytest.approx(AIKO, abs=1e-6)
    assert made.images_used == 1


def test_in_a_picture_of_several_people_the_one_is_taken_whom_the_others_show():
    made = build([AIKO], [AIKO + 0.2 * MIO, REN])

    assert made.vector @ AIKO > 0.99
    assert made.vector @ REN == pytest.approx(0.0)
    assert (made.images_used, made.outliers) == (2, ())


@pytest.mark.parametrize(
    "shown",
    [[[AIKO, REN]], [[AIKO, REN], [AIKO, REN]], [[AIKO], [REN]], [[AIKO], [REN], [MIO]]],
    ids=["one crowd", "the same two twice", "two strangers", "three strangers"],
)
def test_nobody_is_taken_where_nobody_can_tell_who_is_meant(shown):
    with pytest.raises(BadInput, match="nobody can tell who is meant"):
        build(*shown)


def test_pictures_without_any_face_make_no_reference():
    with pytest.raises(BadInput, match="No face was found"):
        build([], [])


def test_what_is_unlike_depends_on_the_network():
    turned = AIKO + 1.5 * REN  # a cosine of 0.55

    assert build([AIKO], [AIKO], [turned]).outliers == ()
    assert [outlier.position for outlier in build([AIKO], [AIKO], [turned], mark=0.8215).outliers] == [2]
