"""The media library of the units, what a publication shows of it, and the short links of our own domain."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from libs.common.models.base import Base, primary_key, table_rules


class Medium(Base):
    """A picture or video of a unit's library: described (`alt`), and labelled where a model made it (Law 134/2025)."""

    __tablename__ = "media"
    __table_args__ = (
        CheckConstraint("octet_length(sha256) = 32", name="hash_length"),
        CheckConstraint("length(btrim(alt)) > 0", name="described"),
        CheckConstraint("NOT is_ai_made OR length(btrim(coalesce(ai_label, ''))) > 0", name="ai_is_labelled"),
        UniqueConstraint("unit_id", "sha256"),
        table_rules("publish"),
    )

    id: Mapped[UUID] = primary_key()
    unit_id: Mapped[UUID] = mapped_column(ForeignKey("organization_units.id"))
    sha256: Mapped[bytes]
    mime: Mapped[str]
    size: Mapped[int] = mapped_column(BigInteger)
    width: Mapped[int | None]
    height: Mapped[int | None]
    duration_ms: Mapped[int | None]
    alt: Mapped[str]
    credit: Mapped[str | None]
    is_ai_made: Mapped[bool] = mapped_column(server_default=text("false"))
    ai_label: Mapped[str | None]
    created_by: Mapped[UUID] = mapped_column(ForeignKey("people.id"))
    created_at: Mapped[datetime]
    archived_at: Mapped[datetime | None]


class MediaFile(Base):
    """One file of a medium in the file store: the cleaned original, or a smaller rendition of it."""

    __tablename__ = "media_files"
    __table_args__ = (
        CheckConstraint("octet_length(sha256) = 32", name="hash_length"),
        table_rules("publish"),
    )

    medium_id: Mapped[UUID] = mapped_column(ForeignKey("media.id", ondelete="CASCADE"), primary_key=True)
    role: Mapped[str] = mapped_column(primary_key=True)
    sha256: Mapped[bytes]
    key: Mapped[str]
    mime: Mapped[str]
    size: Mapped[int] = mapped_column(BigInteger)
    width: Mapped[int | None]
    height: Mapped[int | None]


class PublicationMedium(Base):
    """A picture or video a publication shows, in order; part of the revision like its variants."""

    __tablename__ = "publication_media"
    __table_args__ = (
        UniqueConstraint("publication_id", "position"),
        table_rules("publish"),
    )

    publication_id: Mapped[UUID] = mapped_column(ForeignKey("publications.id", ondelete="CASCADE"), primary_key=True)
    medium_id: Mapped[UUID] = mapped_column(ForeignKey("media.id"), primary_key=True)
    position: Mapped[int]


class ShortLink(Base):
    """An address of our own domain that leads to a page, one for each publication and channel or partner's kit."""

    __tablename__ = "short_links"
    __table_args__ = (
        CheckConstraint("(channel_id IS NULL) <> (kit_id IS NULL)", name="of_one"),
        UniqueConstraint("publication_id", "channel_id"),
        UniqueConstraint("kit_id"),
        table_rules("publish"),
    )

    code: Mapped[str] = mapped_column(primary_key=True)
    publication_id: Mapped[UUID] = mapped_column(ForeignKey("publications.id"))
    channel_id: Mapped[UUID | None] = mapped_column(ForeignKey("channels.id"))
    kit_id: Mapped[UUID | None] = mapped_column(ForeignKey("partner_kits.id"))
    target: Mapped[str]
    created_at: Mapped[datetime]


class LinkClicks(Base):
    """How often a short link was followed on a day, in total; nothing about who followed it."""

    __tablename__ = "link_clicks"
    __table_args__ = table_rules("publish")

    code: Mapped[str] = mapped_column(ForeignKey("short_links.code"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    clicks: Mapped[int]
