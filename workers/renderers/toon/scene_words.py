"""The scene, camera and action words the toon renderer can draw, read out of free text.

Unlike a character's attributes a scene is never refused: a place nobody drew becomes the nearest generic one,
because a writer's "the alley behind the ramen shop" is a street, and a street is better than no picture.
Pure and light, for admission.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from workers.renderers.toon.attributes import find_word

if TYPE_CHECKING:
    from collections.abc import Iterable

    from models.recipe import SceneLook

LOCATIONS: dict[str, tuple[str, ...]] = {
    "classroom": ("school", "class", "lecture hall", "clubroom", "club room"),
    "rooftop": ("roof", "terrace", "balcony"),
    "park": ("garden", "field", "meadow", "riverbank", "playground", "hill"),
    "street": ("city", "town", "alley", "road", "downtown", "market", "shopping street", "crossing", "outside"),
    "bedroom": ("room", "home", "house", "living room", "apartment", "kitchen"),
    "cafe": ("coffee shop", "restaurant", "diner", "bar", "ramen shop", "bakery"),
    "shrine": ("temple", "torii", "festival"),
    "beach": ("sea", "ocean", "shore", "seaside", "harbour", "harbor", "lake"),
    "forest": ("woods", "jungle", "grove", "mountain", "mountains"),
    "station": ("train", "platform", "train station", "subway", "metro", "bus stop"),
    "library": ("bookshop", "archive", "study", "bookstore"),
    "studio": ("plain", "none", "white", "empty", "neutral"),
}
TIMES: dict[str, tuple[str, ...]] = {
    "day": ("noon", "afternoon", "midday", "sunny", "daytime"),
    "morning": ("dawn", "sunrise", "early"),
    "sunset": ("dusk", "evening", "golden hour", "twilight", "late afternoon"),
    "night": ("midnight", "dark", "moonlight", "nighttime"),
    "rain": ("rainy", "storm", "stormy", "overcast", "cloudy"),
}
MOODS: dict[str, tuple[str, ...]] = {
    "neutral": ("calm", "everyday", "quiet", "ordinary"),
    "cheerful": ("happy", "joyful", "bright", "fun", "hopeful", "comic", "playful", "lively"),
    "melancholic": ("sad", "lonely", "wistful", "nostalgic", "bittersweet", "somber"),
    "tense": ("dramatic", "angry", "dangerous", "mysterious", "ominous", "dark", "suspense"),
    "romantic": ("tender", "love", "dreamy", "gentle", "warm"),
}
SHOTS: dict[str, tuple[str, ...]] = {
    "close_up": ("close up", "closeup", "close", "face", "portrait", "extreme close up"),
    "medium": ("mid", "waist", "medium shot", "bust", "eye level", "two shot", "over the shoulder"),
    "wide": ("full", "full body", "long shot", "establishing", "wide shot", "far", "whole body"),
}
TILTS: dict[str, tuple[str, ...]] = {
    "low": ("low angle", "from below"),
    "high": ("high angle", "from above", "bird s eye", "overhead"),
}
MOVES: dict[str, tuple[str, ...]] = {
    "static": ("still", "locked", "fixed", "none"),
    "pan_left": ("pan left", "truck left", "track left"),
    "pan_right": ("pan right", "truck right", "track right", "pan", "tracking"),
    "push_in": ("push in", "dolly in", "zoom in", "push", "zoom"),
    "pull_out": ("pull out", "dolly out", "zoom out", "pull back"),
    "tilt_up": ("tilt up", "tilt", "crane up"),
    "tilt_down": ("tilt down", "crane down"),
    "handheld": ("hand held", "drift", "floating"),
}
ACTIONS: dict[str, tuple[str, ...]] = {
    "talks": ("talk", "talking", "says", "speaks", "speaking", "shouts", "whispers", "explains", "asks"),
    "waves": ("wave", "waving", "greets"),
    "nods": ("nod", "nodding", "agrees"),
    "shakes_head": ("shakes head", "shakes her head", "shakes his head", "refuses"),
    "looks_around": ("looks around", "glances", "searches", "looks about", "looks"),
    "walks": ("walk", "walking", "runs", "running", "strolls", "steps"),
    "turns": ("turn", "turning", "turns around", "faces"),
    "laughs": ("laugh", "laughing", "giggles"),
    "sighs": ("sigh", "sighing", "breathes"),
    "jumps": ("jump", "hops", "bounces"),
}
#: a still shows one moment of these, the other actions are movement
ACTIONS_OF_A_STILL = frozenset({"talks"})
#: these keep the picture where it is, or close with a loop; the others go from one place to another
MOVES_OF_A_LOOP = frozenset({"static", "handheld"})
#: word -> how much of the usual ink
LINE_WEIGHTS = {"thin": 0.7, "medium": 1.0, "bold": 1.5}
#: the first that a text holds; unsaid, the last
SHADINGS = ("flat", "soft", "cel")
#: the entries of a show's palette that have a place: a wash over the frame, the second colour of outfits
PRIMARY, ACCENT = "primary", "accent"
OUTDOORS = frozenset({"rooftop", "park", "street", "shrine", "beach", "forest", "station"})


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneWords:
    """A scene in words that can be drawn; every field is a key of the dictionary of its name above."""

    location: str
    time_of_day: str
    mood: str
    framing: str  #: `close_up`, `medium`, `wide`, or empty for the renderer to choose
    tilt: str  #: `low`, `high` or empty
    camera_move: str
    actions: tuple[str, ...]


def scene_words(scene: SceneLook) -> SceneWords:
    """What can be drawn of `scene`; unknown places become a park by day, unknown moves a static camera."""
    angle = scene.camera_angle
    return SceneWords(
        location=find_word(LOCATIONS, scene.location) or ("park" if scene.location else "studio"),
        time_of_day=find_word(TIMES, scene.time_of_day) or "day",
        mood=find_word(MOODS, scene.mood) or "neutral",
        framing=find_word(SHOTS, angle) or "",
        tilt=find_word(TILTS, angle) or "",
        camera_move=find_word(MOVES, scene.camera_move) or "static",
        actions=actions(scene.action),
    )


def actions(text: str) -> tuple[str, ...]:
    """Every known action in `text`, in the dictionary's order."""
    return tuple(word for word, others in ACTIONS.items() if find_word({word: others}, text))


def line_weight(text: str) -> str | None:
    """The word of `LINE_WEIGHTS` that a story bible's line weight holds."""
    return _word_in(LINE_WEIGHTS, text)


def shading(text: str) -> str | None:
    """The word of `SHADINGS` that a story bible's shading style holds."""
    return _word_in(SHADINGS, text)


def _word_in(words: Iterable[str], text: str) -> str | None:
    return next((word for word in words if word in text.lower()), None)
