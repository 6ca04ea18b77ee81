"""Sessions in which a character's look is found: what is proposed, and what is chosen; pure."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Any

from models.errors import Conflict, OrderRefused
from models.nearest import unknown_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from farm.dispatch.form import Design

#: a session's one proposal, where none is made
AS_DESCRIBED = "as described"


def slug_of(name: str) -> str:
    """How a name is written in a show's file; raises `OrderRefused` where nothing of it can be.

    >>> slug_of("Hana Sato")
    'hana-sato'
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    if not slug:
        raise OrderRefused(f"No slug can be made of the name '{name}'.", hint="Write it in latin letters.")
    return slug[:100]


def refuse_unclear(design: Design) -> None:
    """Raises `OrderRefused` unless it starts a session, or says something to one."""
    if design.session_id is None and design.character_name is None:
        raise OrderRefused(
            "A character design names neither a character nor a session.",
            hint="Start one with character_name, answer to one with session_id.",
        )
    if design.session_id is None and design.selected_variant is not None:
        raise OrderRefused("A variant is chosen in a session, and none is named.", hint="Add its session_id.")
    if design.session_id is not None and not (
        design.feedback or design.selected_variant or design.variants or design.attributes
    ):
        raise OrderRefused(
            "The answer to the session says nothing.", hint="Add feedback, variants or selected_variant."
        )


def chosen(session: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The variant of a session that somebody chooses; raises `UnknownName`, `Conflict` if one was before."""
    if session.get("selected_variant") is not None:
        raise Conflict(
            f"In this session '{session['selected_variant']}' was chosen before.", hint="Start another one."
        )
    variants = {each["name"]: dict(each) for each in session["variants"]}
    if name not in variants:
        raise unknown_name(name, variants, "variant in this session")
    return variants[name]
