"""The words the toon renderer can draw a character from, with free text mapped onto them.

Pure and light: admission reads it before an order is stored, so it imports neither skia nor numpy.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from models.errors import OrderRefused
from models.nearest import closest

if TYPE_CHECKING:
    from collections.abc import Mapping

#: type -> allowed word -> other words for it; a type's first word is what an empty picture starts from
VOCABULARY: dict[str, dict[str, tuple[str, ...]]] = {
    "hair_color": {
        "black": ("raven", "jet", "ebony", "dark"),
        "brown": ("brunette", "chestnut", "chocolate", "auburn brown"),
        "blonde": ("blond", "golden", "gold", "yellow", "honey"),
        "silver": ("grey", "gray", "platinum", "ash"),
        "white": ("snow", "snowy", "ivory"),
        "red": ("crimson", "scarlet", "ruby"),
        "orange": ("ginger", "copper", "auburn"),
        "pink": ("rose", "sakura", "salmon"),
        "purple": ("violet", "lavender", "lilac"),
        "blue": ("navy", "azure", "sapphire", "indigo"),
        "teal": ("cyan", "aqua", "turquoise", "mint", "sky blue"),
        "green": ("emerald", "olive", "forest green"),
    },
    "hair_style": {
        "short": ("pixie", "cropped", "boyish"),
        "bob": ("chin length", "bobbed", "medium"),
        "long": ("straight", "long straight", "waist length", "flowing"),
        "wavy": ("curly", "waves", "long wavy"),
        "ponytail": ("pony tail", "high ponytail", "tied back"),
        "twintails": ("twin tails", "twintail", "pigtails", "twin tail"),
        "braid": ("braided", "plait", "plaited", "braids"),
        "spiky": ("spikes", "spiked", "shonen"),
        "bun": ("odango", "updo", "chignon", "topknot"),
        "hime": ("hime cut", "princess cut", "blunt"),
        "messy": ("tousled", "unkempt", "shaggy", "bedhead", "wild"),
        "side_tail": ("side ponytail", "sidetail", "side tail"),
    },
    "eye_color": {
        "brown": ("hazel", "chestnut", "chocolate"),
        "blue": ("sapphire", "azure", "sky", "navy"),
        "green": ("emerald", "jade"),
        "red": ("crimson", "ruby", "scarlet"),
        "amber": ("gold", "golden", "yellow", "orange", "honey"),
        "purple": ("violet", "lavender", "amethyst"),
        "pink": ("rose", "magenta"),
        "teal": ("cyan", "aqua", "turquoise"),
        "grey": ("gray", "silver"),
        "black": ("dark", "onyx"),
    },
    "eye_shape": {
        "round": ("big", "large", "wide"),
        "almond": ("normal", "average"),
        "sharp": ("tsurime", "cat like", "fierce", "upturned"),
        "droopy": ("tareme", "gentle", "downturned", "soft"),
        "narrow": ("slim", "small", "cool"),
    },
    "skin": {
        "pale": ("porcelain", "very fair"),
        "fair": ("light", "peach"),
        "beige": ("medium", "olive", "warm"),
        "tan": ("tanned", "bronze", "sun kissed"),
        "brown": ("dark", "deep", "ebony"),
    },
    "face": {
        "oval": ("normal", "average", "soft"),
        "round": ("chubby", "baby", "childlike"),
        "heart": ("heart shaped",),
        "sharp": ("pointed", "angular", "narrow", "v shaped"),
        "square": ("strong", "strong jaw", "broad", "masculine"),
    },
    "build": {
        "average": ("normal", "medium"),
        "slim": ("slender", "thin", "petite", "lean"),
        "sturdy": ("muscular", "broad", "strong", "athletic"),
    },
    "age": {
        "teen": ("teenager", "student", "young", "high school", "girl", "boy"),
        "child": ("kid", "little", "small"),
        "adult": ("grown", "mature", "man", "woman"),
    },
    "height": {
        "average": ("normal", "medium"),
        "short": ("small", "tiny"),
        "tall": ("high", "lanky"),
    },
    "outfit": {
        "sailor": ("sailor uniform", "school uniform", "seifuku", "school", "uniform", "sailor suit"),
        "blazer": ("school blazer", "suit", "jacket and tie", "business"),
        "hoodie": ("sweatshirt", "jumper", "street", "hooded", "streetwear"),
        "kimono": ("yukata", "traditional", "hakama", "festival"),
        "armor": ("armour", "knight", "plate", "breastplate", "battle"),
        "dress": ("gown", "sundress", "summer dress", "frock"),
        "casual": ("t shirt", "tshirt", "shirt", "jeans", "everyday"),
        "maid": ("apron", "maid dress", "waitress"),
        "coat": ("winter coat", "trench coat", "overcoat", "duffel", "winter"),
        "sporty": ("tracksuit", "gym", "sports", "jersey", "track suit", "athletic", "sportswear"),
    },
    "outfit_color": {
        "navy": ("dark blue", "indigo"),
        "white": ("cream", "ivory"),
        "black": ("charcoal", "dark"),
        "red": ("crimson", "scarlet", "maroon"),
        "blue": ("azure", "sky blue", "cobalt"),
        "green": ("emerald", "olive", "forest"),
        "yellow": ("gold", "golden", "mustard"),
        "pink": ("rose", "sakura"),
        "purple": ("violet", "lavender"),
        "orange": ("rust", "coral"),
        "brown": ("beige", "tan", "khaki"),
        "grey": ("gray", "silver"),
        "teal": ("cyan", "turquoise", "mint"),
    },
    "expression": {
        "neutral": ("calm", "plain", "default", "serious", "thoughtful", "cool"),
        "happy": ("smile", "smiling", "cheerful", "joyful", "glad", "warm"),
        "laughing": ("laugh", "grin", "grinning", "delighted", "excited"),
        "sad": ("crying", "upset", "melancholy", "worried", "lonely", "tearful"),
        "angry": ("mad", "furious", "annoyed", "frown", "irritated"),
        "surprised": ("shocked", "startled", "amazed", "astonished"),
        "shy": ("embarrassed", "blushing", "flustered", "bashful"),
        "sleepy": ("tired", "drowsy", "bored"),
        "smug": ("confident", "smirk", "sly", "teasing"),
        "determined": ("resolute", "focused", "fierce", "brave"),
    },
    "pose": {
        "standing": ("stand", "neutral", "default", "idle", "relaxed"),
        "hands_on_hips": ("hand on hip", "hands on hips", "proud", "akimbo"),
        "arms_crossed": ("crossed arms", "folded arms", "arms folded"),
        "waving": ("wave", "greeting", "waves", "hello"),
        "thinking": ("hand on chin", "pondering", "wondering", "contemplating"),
        "hands_behind_back": ("hands behind", "behind back"),
        "walking": ("walk", "walks", "striding", "running"),
        "pointing": ("point", "points", "presenting"),
        "hands_clasped": ("praying", "clasped", "hoping", "pleading"),
    },
    "view": {
        "front": ("facing", "frontal", "straight on"),
        "three_quarter_left": ("three quarter left", "3/4 left", "3 4 left"),
        "three_quarter_right": ("three quarter right", "3/4 right", "3 4 right", "three quarter", "3/4"),
        "side_left": ("left profile", "profile left", "left side", "facing left"),
        "side_right": ("right profile", "profile right", "right side", "side", "profile", "facing right"),
        "back": ("rear", "from behind", "behind"),
    },
    "accessory": {
        "none": ("nothing", "no", "without"),
        "glasses": ("spectacles", "eyeglasses"),
        "ribbon": ("bow", "hair ribbon", "hair bow"),
        "hairclip": ("hair clip", "barrette", "hairpin", "pin"),
        "headphones": ("headset", "earphones"),
        "scarf": ("muffler", "shawl"),
        "cat_ears": ("cat ears", "animal ears", "nekomimi", "ears", "kemonomimi"),
        "horns": ("horn", "oni horns", "demon horns"),
        "flower": ("hair flower", "blossom"),
        "headband": ("hairband", "hachimaki", "alice band"),
        "eyepatch": ("eye patch", "patch"),
        "cap": ("hat", "baseball cap", "beret"),
    },
}

_TYPE_ALIASES = {
    "hair_colour": "hair_color",
    "hairstyle": "hair_style",
    "hair_length": "hair_style",
    "eyes": "eye_color",
    "eye": "eye_color",
    "eye_colour": "eye_color",
    "skin_tone": "skin",
    "skin_color": "skin",
    "skin_colour": "skin",
    "face_shape": "face",
    "head_shape": "face",
    "body": "build",
    "body_type": "build",
    "clothes": "outfit",
    "clothing": "outfit",
    "costume": "outfit",
    "outfit_colour": "outfit_color",
    "clothes_color": "outfit_color",
    "mood": "expression",
    "emotion": "expression",
    "accessories": "accessory",
    "angle": "view",
}
#: a free text under one of these types may also settle the others of its group
_GROUPS = {
    "hair": ("hair_color", "hair_style"),
    "hair_color": ("hair_color", "hair_style"),
    "hair_style": ("hair_style", "hair_color"),
    "eye_color": ("eye_color", "eye_shape"),
    "outfit": ("outfit", "outfit_color"),
}


def normalise(attributes: Mapping[str, str]) -> dict[str, str]:
    """The same attributes in the vocabulary's own words, in the vocabulary's order.

    Free text is understood where it holds a known word (`hair: "long silver hair"` gives a colour and a style);
    what is said under its exact type wins over what was read out of a neighbour's text.

    Raises:
        OrderRefused: a type or a value that cannot be understood; the sentence names the nearest allowed word.
    """
    explicit: dict[str, str] = {}
    implied: dict[str, str] = {}
    for raw_type, raw_value in attributes.items():
        kind = _type_of(raw_type)
        words = _read(_GROUPS.get(kind, (kind,)), raw_value)
        if not words or (kind in VOCABULARY and kind not in words and kind != "eye_color"):
            raise _unknown_value(kind, raw_value)
        for name, word in words.items():
            (explicit if name == kind else implied)[name] = word
    known = implied | explicit
    return {name: known[name] for name in VOCABULARY if name in known}


def _type_of(raw: str) -> str:
    kind = re.sub(r"[\s\-]+", "_", raw.strip().lower())
    kind = _TYPE_ALIASES.get(kind, kind)
    if kind in VOCABULARY or kind in _GROUPS:
        return kind
    near = closest(kind, [*VOCABULARY, *_TYPE_ALIASES, "hair"])
    raise OrderRefused(
        f"The toon renderer knows no attribute '{raw}'; the nearest is '{_TYPE_ALIASES.get(near, near)}'.",
        hint=f"Known attributes: {', '.join(VOCABULARY)}.",
    )


def _read(kinds: tuple[str, ...], text: str) -> dict[str, str]:
    """The vocabulary word each of `kinds` finds in `text`; kinds that find none are left out."""
    words = {}
    for kind in kinds:
        word = _age(text) if kind == "age" and text.strip().isdigit() else find_word(VOCABULARY[kind], text)
        if word:
            words[kind] = word
    return words


def _age(years: str) -> str:
    """The age word for a number of years."""
    return "child" if int(years) < 12 else "teen" if int(years) < 20 else "adult"


def find_word(words: Mapping[str, tuple[str, ...]], text: str) -> str | None:
    """The allowed word that `text` is, or holds as a whole word or synonym; the longest phrase wins."""
    plain = " " + re.sub(r"[^a-z0-9/]+", " ", text.lower()).strip() + " "
    phrases = [(phrase.replace("_", " "), word) for word, others in words.items() for phrase in (word, *others)]
    # Sorting is stable, so an allowed word beats a synonym of equal length: it stands before it.
    for phrase, word in sorted(phrases, key=lambda pair: -len(pair[0])):
        if f" {phrase} " in plain:
            return word
    return None


def _unknown_value(kind: str, text: str) -> OrderRefused:
    # A hair style is answered with hair styles: a colour would be refused in its place.
    kinds = (kind,) if kind in VOCABULARY else _GROUPS[kind]
    phrases = {p: w for k in kinds for w, others in VOCABULARY[k].items() for p in (w, *others)}
    near = closest(text.strip().lower(), phrases)
    return OrderRefused(
        f"The toon renderer cannot draw {kind} '{text}'; the nearest it knows is '{phrases[near]}'.",
        hint=f"Allowed: {', '.join(w for k in kinds for w in VOCABULARY[k])}.",
    )
