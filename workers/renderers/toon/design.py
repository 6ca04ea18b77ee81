"""What one character looks like for good: colours and proportions, from its attributes and its name.

Nothing here depends on a take's seed, so that a retake may move a character but never change who it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from workers.renderers.toon.attributes import normalise
from workers.renderers.toon.chance import chance, pick
from workers.renderers.toon.palette import CLOTH, EYES, HAIR, SKIN, Rgb, from_hex
from workers.renderers.toon.scene_words import ACCENT

if TYPE_CHECKING:
    from models.recipe import CharacterLook, StyleLook

BANGS = ("parted", "swept", "full", "m_shape", "wispy")
_OUTFIT_COLORS = {
    "sailor": "navy", "blazer": "navy", "hoodie": "orange", "kimono": "red", "armor": "grey", "dress": "teal",
    "casual": "blue", "maid": "black", "coat": "brown", "sporty": "green",
}  # fmt: skip
_BUILD = {"slim": 0.9, "average": 1.0, "sturdy": 1.16}
_HEIGHT = {"short": 0.92, "average": 1.0, "tall": 1.08}
_AGE = {"child": 0.8, "teen": 1.0, "adult": 1.07}


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """A character as its model sheet fixes it; lengths are factors around 1 unless a unit is named."""

    name: str
    hair: Rgb
    hair_style: str
    bangs: str
    eyes: Rgb
    eye_shape: str
    skin: Rgb
    face: str
    outfit: str
    cloth: Rgb
    accent: Rgb
    accessory: str
    age: str
    stature: float  #: body length
    build: float  #: body width
    eye_gap: float
    eye_size: float
    lashes: float  #: length of the lash wings
    brow: float  #: thickness
    chin: float  #: length of the lower face
    parting: float  #: -1..1: where the fringe parts
    mole: int  #: 0 none, -1 or 1 under that eye


def design(look: CharacterLook, style: StyleLook) -> Design:
    """The model sheet of `look`; attributes left unsaid are chosen by its name.

    Raises:
        OrderRefused: an attribute outside the vocabulary.
    """
    words = normalise(look.attributes)
    name = look.name or "nobody"
    draw = chance("design", name)
    outfit = words.get("outfit") or pick(tuple(_OUTFIT_COLORS), "outfit", name)
    age = words.get("age", "teen")
    style_word = words.get("hair_style") or pick(("short", "bob", "long", "ponytail"), "hair_style", name)
    cloth = words.get("outfit_color") or _OUTFIT_COLORS[outfit]
    accents = style.color_palette
    accent = from_hex(accents.get(ACCENT, "")) or _accent(outfit, name)
    return Design(
        name=name,
        hair=HAIR[words.get("hair_color") or pick(tuple(HAIR), "hair_color", name)],
        hair_style=style_word,
        bangs="blunt" if style_word == "hime" else pick(BANGS, "bangs", name),
        eyes=EYES[words.get("eye_color") or pick(tuple(EYES), "eye_color", name)],
        eye_shape=words.get("eye_shape") or pick(("round", "almond", "sharp", "droopy"), "eye_shape", name),
        skin=SKIN[words.get("skin", "fair")],
        face=words.get("face") or pick(("oval", "round", "heart", "sharp"), "face", name),
        outfit=outfit,
        cloth=CLOTH[cloth],
        accent=accent,
        accessory=words.get("accessory", "none"),
        age=age,
        stature=_AGE[age] * _HEIGHT[words.get("height", "average")] * float(draw.uniform(0.98, 1.02)),
        build=_BUILD[words.get("build", "average")],
        eye_gap=float(draw.uniform(0.95, 1.06)),
        eye_size=float(draw.uniform(0.94, 1.06)) * {"child": 1.1, "adult": 0.93}.get(age, 1.0),
        lashes=_lashes(style_word, words),
        brow=float(draw.uniform(0.75, 1.35)),
        chin=float(draw.uniform(0.97, 1.03)) * {"child": 0.95, "adult": 1.03}.get(age, 1.0),
        parting=float(draw.uniform(-1.0, 1.0)),
        mole=int(draw.choice([0, 0, 0, -1, 1])),
    )


def _lashes(hair_style: str, words: dict[str, str]) -> float:
    """Rugged characters get plain lids: every sign of it shortens the lashes."""
    rugged = (hair_style in ("spiky", "short"), words.get("build") == "sturdy", words.get("face") == "square")
    return max(0.0, 1.0 - 0.55 * sum(rugged))


def _accent(outfit: str, name: str) -> Rgb:
    """The second colour of an outfit: bows, ties, sashes."""
    if outfit == "armor":
        return (214, 172, 84)
    return CLOTH[pick(("red", "yellow", "teal", "pink", "purple", "blue"), "accent", name)]
