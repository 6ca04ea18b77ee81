"""What a composition says of a scene, and what of a cut; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from farm.dispatch.form import Composition

_TENS = 10


def scene_fields(said_of: Composition, before: Mapping[str, Any], cast: Mapping[str, str]) -> dict[str, Any]:
    """Fields of the scene that the composition changes; `before` is what the scene says.

    `cast` is the slug of each character that is named. Whoever is named joins those who are in the scene.
    """
    fields = _given(
        description=said_of.scene_description,
        location=said_of.location,
        time_of_day=said_of.time_of_day,
        mood=said_of.mood,
    )
    if said_of.lighting is not None:
        fields["style_overrides"] = {**before.get("style_overrides", {}), "lighting": said_of.lighting}
    characters = {each["character"]: dict(each) for each in before.get("characters", ())}
    for name, slug in cast.items():
        who = characters.setdefault(slug, {"character": slug})
        if name in said_of.positions:
            who["position"] = said_of.positions[name]
    if cast:
        fields["characters"] = list(characters.values())
    return fields


def cut_fields(said_of: Composition, cast: Mapping[str, str]) -> dict[str, Any]:
    """Fields of the cut that the composition changes."""
    shown = said_of.character_ids
    return _given(
        description=said_of.scene_description,
        characters=None if shown is None else [cast[name] for name in shown],
        camera_angle=said_of.camera_angle,
        camera_move=said_of.camera_move,
        action_notes=said_of.action,
        dialogue=said_of.dialogue,
        duration_frames=said_of.duration_frames,
    )


def next_number(taken: list[int]) -> int:
    """The number of what comes last: by tens, which leaves room for the editor.

    >>> next_number([]), next_number([10, 25])
    (10, 30)
    """
    return (max(taken, default=0) // _TENS + 1) * _TENS


def _given(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}
