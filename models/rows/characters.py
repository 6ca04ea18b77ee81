"""Who must look the same from cut to cut: characters, their attributes, variations and references."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, LargeBinary, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.actors import Actor
from models.rows.base import Base, CreatedAt, UuidKey, Who, Word, empty
from models.vocabulary import VariationType


class Character(Base):
    """Somebody in the show; `slug` is how orders and shows name them."""

    __tablename__ = "characters"
    __table_args__ = (UniqueConstraint("project_id", "slug"),)

    id: Mapped[UuidKey]
    project_id: Mapped[UUID] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    slug: Mapped[str] = mapped_column(String(100))
    name: Mapped[str] = mapped_column(String(255))
    description: Mapped[str | None] = mapped_column(Text)
    #: 512 little-endian float32 of the network named beside it, as the HTTP contract promises
    reference_embedding: Mapped[bytes | None] = mapped_column(LargeBinary)
    reference_network: Mapped[str | None] = mapped_column(String(100))
    color_palette: Mapped[dict[str, Any]] = mapped_column(server_default=empty("object"))
    base_prompt: Mapped[str | None] = mapped_column(Text)
    negative_tokens: Mapped[list[str]] = mapped_column(server_default=empty("array"))
    lora_model_path: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[CreatedAt]

    attributes: Mapped[list[CharacterAttribute]] = relationship(
        order_by="(CharacterAttribute.priority.desc(), CharacterAttribute.attribute_type)",
        cascade="all, delete-orphan",
        passive_deletes=True,
    )
    variations: Mapped[list[CharacterVariation]] = relationship(
        order_by="CharacterVariation.variation_name", cascade="all, delete-orphan", passive_deletes=True
    )


class CharacterAttribute(Base):
    """One normalised trait (`hair_color: pink`); read by priority descending, then type."""

    __tablename__ = "character_attributes"
    __table_args__ = (UniqueConstraint("character_id", "attribute_type"),)

    id: Mapped[UuidKey]
    character_id: Mapped[UUID] = mapped_column(ForeignKey("characters.id", ondelete="CASCADE"))
    attribute_type: Mapped[str] = mapped_column(String(100))
    attribute_value: Mapped[str] = mapped_column(Text)
    prompt_tokens: Mapped[list[str]] = mapped_column(server_default=empty("array"))
    priority: Mapped[int] = mapped_column(server_default=text("0"))
    created_at: Mapped[CreatedAt]


class CharacterVariation(Base):
    """An outfit, an expression, a pose or an age: how one cut differs from the character's default."""

    __tablename__ = "character_variations"
    __table_args__ = (UniqueConstraint("character_id", "variation_name"),)

    id: Mapped[UuidKey]
    character_id: Mapped[UUID] = mapped_column(ForeignKey("characters.id", ondelete="CASCADE"))
    variation_name: Mapped[str] = mapped_column(String(255))
    variation_type: Mapped[VariationType] = mapped_column(Word(VariationType))
    #: `prepend`, `append`, `replace` on the prompt, and `attributes`: normalised traits this variation sets
    prompt_modifiers: Mapped[dict[str, Any]] = mapped_column(server_default=empty("object"))
    reference_image_path: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[CreatedAt]


class CharacterReference(Base):
    """The embedding a character is held to, by one network; another network's number is never compared."""

    __tablename__ = "character_references"
    __table_args__ = (UniqueConstraint("character_id", "network", "network_sha256"),)

    id: Mapped[UuidKey]
    character_id: Mapped[UUID] = mapped_column(ForeignKey("characters.id", ondelete="CASCADE"))
    network: Mapped[str] = mapped_column(String(100))
    network_sha256: Mapped[str] = mapped_column(String(64))
    #: little-endian float32
    embedding: Mapped[bytes] = mapped_column(LargeBinary)
    #: mean similarity of the approved images to their own mean, 0..1
    baseline: Mapped[float]
    image_paths: Mapped[list[str]] = mapped_column(server_default=empty("array"))
    approved_by: Mapped[Actor] = mapped_column(Who)
    created_at: Mapped[CreatedAt]


class StyleReference(Base):
    """What a project's pictures look like to one network: a centroid and the two ends of its scale."""

    __tablename__ = "style_references"
    __table_args__ = (UniqueConstraint("project_id", "network", "network_sha256"),)

    id: Mapped[UuidKey]
    project_id: Mapped[UUID] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    network: Mapped[str] = mapped_column(String(100))
    network_sha256: Mapped[str] = mapped_column(String(64))
    #: as written by `workers.scoring`: centroid, mu_pos, mu_neg, number of references
    calibration: Mapped[dict[str, Any]]
    image_paths: Mapped[list[str]] = mapped_column(server_default=empty("array"))
    approved_by: Mapped[Actor] = mapped_column(Who)
    created_at: Mapped[CreatedAt]
