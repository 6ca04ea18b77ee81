"""What a take is held to, as the catalogue knows it and as the panel takes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from farm.judging.neighbours import neighbours
from models.metrics import Metric
from tasks.process import runtime

if TYPE_CHECKING:
    from collections.abc import Sequence

    from models.metrics import Mark
    from models.takes import TakeToScore
    from workers.scoring.expectations import Expectations


def expectations_of(held_to: TakeToScore, marks: Sequence[Mark]) -> Expectations:
    """The stored values as the panel takes them; `marks` are those in force."""
    from workers.scoring.expectations import Expectations
    from workers.scoring.references import CharacterReference, StyleReference, vector_from_bytes

    by_metric = {mark.metric: mark for mark in marks}
    judged, blank = by_metric.get(Metric.STYLE_ADHERENCE), by_metric.get(Metric.BLANK)
    style = held_to.styles.get(judged.network) if judged else None
    attributes = {look.name: look.attributes for look in held_to.recipe.characters}
    before, after = neighbours(held_to)
    return Expectations.of(
        held_to.recipe,
        # One take is one cut of an episode.
        one_shot=True,
        # Whoever lets a clip fade to black wants it measured all the same.
        blank_below=blank.limit if blank else 0.0,
        expected=tuple(attributes),
        characters=tuple(
            CharacterReference(
                name=reference.character,
                vector=vector_from_bytes(reference.embedding),
                network=reference.network,
                sha256=reference.network_sha256,
                attributes=dict(attributes.get(reference.character, {})),
            )
            for reference in held_to.references
        ),
        style=StyleReference.from_json(style) if style else None,
        neighbours=tuple(runtime.store().path(each.master_path) for each in (before, after) if each),
        neighbours_before=int(before is not None),
    )
