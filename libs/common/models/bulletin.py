"""What the public bulletin keeps beside its files: who asked the hub to be told, what search looks in, and which
English text stands for which Vietnamese one."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from libs.common.models.base import Base, one_of, primary_key, table_rules


class HubTopic(StrEnum):
    """The feeds that can be subscribed to, by the name of their file."""

    RSS = "feed.rss"
    ATOM = "feed.atom"
    JSON = "feed.json"


class HubMode(StrEnum):
    SUBSCRIBE = "subscribe"
    UNSUBSCRIBE = "unsubscribe"


class HubSubscription(Base):
    """A server that asked to be told what is new (W3C WebSub). Its address and its secret lie sealed (`ciphertext`);
    `key_hash` finds them again, `host` is what limits are counted by.

    `wish`: what was asked for and is not verified yet; until then nothing of what was verified before changes.
    `sent_digest`: of the feed as it was told last; what differs from the feed as it stands is still to be told."""

    __tablename__ = "hub_subscriptions"
    __table_args__ = (
        CheckConstraint(one_of("topic", HubTopic), name="topic"),
        CheckConstraint(one_of("wish", HubMode), name="wish"),
        CheckConstraint("octet_length(key_hash) = 32", name="hash_length"),
        CheckConstraint("(wish IS NULL) = (ask_at IS NULL)", name="a_wish_is_asked"),
        CheckConstraint("(lease_ends_at IS NULL) = (verified_at IS NULL)", name="verified_has_a_lease"),
        CheckConstraint("wish IS NOT NULL OR verified_at IS NOT NULL", name="wished_or_verified"),
        UniqueConstraint("key_hash"),
        Index("ix_hub_subscriptions_host", "host"),
        Index("ix_hub_subscriptions_ask_at", "ask_at", postgresql_where=text("ask_at IS NOT NULL")),
        Index("ix_hub_subscriptions_topic_push_at", "topic", "push_at"),
        table_rules("publish", readers=("publish",)),
    )

    id: Mapped[UUID] = primary_key()
    topic: Mapped[str]
    host: Mapped[str]
    ciphertext: Mapped[bytes]
    key_id: Mapped[str]
    key_hash: Mapped[bytes]
    wish: Mapped[str | None]
    lease_seconds: Mapped[int]
    """As it was asked for last, within our bounds."""
    ask_at: Mapped[datetime | None]
    asks: Mapped[int] = mapped_column(server_default="0")
    asked_at: Mapped[datetime]
    verified_at: Mapped[datetime | None]
    lease_ends_at: Mapped[datetime | None]
    push_at: Mapped[datetime]
    """Not told before."""
    failures: Mapped[int] = mapped_column(server_default="0")
    sent_digest: Mapped[str | None]
    sent_at: Mapped[datetime | None]


class BulletinText(Base):
    """A page as search finds it: written with the page's file, gone with it. `lexemes` are its words without marks and,
    after `=`, as they are written."""

    __tablename__ = "bulletin_texts"
    __table_args__ = (
        Index("ix_bulletin_texts_lexemes", "lexemes", postgresql_using="gin"),
        Index("ix_bulletin_texts_published_at", "published_at"),
        table_rules("publish"),
    )

    publication_id: Mapped[UUID] = mapped_column(ForeignKey("publications.id"), primary_key=True)
    slug: Mapped[str]
    title: Mapped[str]
    lead: Mapped[str]
    language: Mapped[str]
    unit_name: Mapped[str | None]
    is_about_rights: Mapped[bool]
    published_at: Mapped[datetime]
    lexemes: Mapped[list[str]]


class PublicationTranslation(Base):
    """That a publication in English says what one in Vietnamese says: told by one person, confirmed by another
    (trigger: of one unit, in these languages). Nothing is shown before it is confirmed."""

    __tablename__ = "publication_translations"
    __table_args__ = (
        CheckConstraint("publication_id <> translates_id", name="of_another"),
        CheckConstraint("(confirmed_by IS NULL) = (confirmed_at IS NULL)", name="confirmed"),
        CheckConstraint("confirmed_by <> proposed_by", name="two_people"),
        UniqueConstraint("translates_id"),
        table_rules("publish"),
    )

    publication_id: Mapped[UUID] = mapped_column(ForeignKey("publications.id"), primary_key=True)
    translates_id: Mapped[UUID] = mapped_column(ForeignKey("publications.id"))
    proposed_by: Mapped[UUID] = mapped_column(ForeignKey("people.id"))
    proposed_at: Mapped[datetime]
    confirmed_by: Mapped[UUID | None] = mapped_column(ForeignKey("people.id"))
    confirmed_at: Mapped[datetime | None]
