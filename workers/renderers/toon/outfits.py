"""What every outfit is made of: sleeves, legs, shoes and their colours; `garments` draws its front."""

from __future__ import annotations

from dataclasses import dataclass

from workers.renderers.toon.palette import Rgb, lighter, mix, scaled


@dataclass(frozen=True, slots=True)
class Outfit:
    """The cut of an outfit; colours are the character's own."""

    top: Rgb
    sleeve: Rgb
    sleeve_length: str  #: `long`, `short`, `puff`, `wide`, `plate`
    lower: str  #: `skirt`, `trousers`, `robe`, `gown`, `coat`
    lower_color: Rgb
    socks: Rgb | None
    shoes: Rgb


WHITE: Rgb = (250, 249, 252)
_DENIM: Rgb = (74, 96, 142)
_DARK: Rgb = (62, 62, 80)


def outfit(name: str, cloth: Rgb, accent: Rgb) -> Outfit:
    deep = scaled(cloth, 0.82)
    leather: Rgb = (104, 68, 54)
    return {
        "sailor": Outfit(cloth, cloth, "long", "skirt", deep, _DARK, leather),
        "blazer": Outfit(
            cloth, cloth, "long", "trousers", mix(cloth, (120, 120, 136), 0.6), None, (70, 52, 50)
        ),
        "hoodie": Outfit(cloth, cloth, "long", "trousers", _DENIM, None, WHITE),
        "kimono": Outfit(cloth, cloth, "wide", "robe", cloth, WHITE, (120, 60, 50)),
        "armor": Outfit(cloth, _DARK, "plate", "trousers", _DARK, None, scaled(cloth, 0.8)),
        "dress": Outfit(cloth, lighter(cloth, 0.15), "puff", "gown", cloth, None, accent),
        "casual": Outfit(cloth, cloth, "short", "trousers", _DENIM, None, accent),
        "maid": Outfit(cloth, cloth, "puff", "gown", cloth, WHITE, _DARK),
        "coat": Outfit(cloth, cloth, "long", "coat", cloth, None, leather),
        "sporty": Outfit(cloth, cloth, "long", "trousers", deep, None, WHITE),
    }[name]
