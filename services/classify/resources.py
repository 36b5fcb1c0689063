"""What the classify process holds while it runs: the model, the names of places, the seat of the story assigner."""

import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.clock import Clock
from libs.common.db import Database
from libs.common.faults import describe
from libs.common.units import PlaceName, Register, load_gazetteer, load_register
from services.classify import queries, story_queries
from services.classify.adapters.base import CLASSIFIERS, Classifier, Document
from services.classify.assigning import Seat
from services.classify.claims.meaning import RationedMeaning, load_meaning
from services.classify.claims.shelf import ClaimShelf
from services.classify.learner.storage import ModelBroken
from services.classify.models import service as models
from services.classify.naming.queries import confirmed_names
from services.classify.places import Gazetteer
from services.classify.searching.names import open_register
from services.classify.settings import ClassifySettings

log = logging.getLogger("lantoa.classify")


@dataclass
class Resources:
    settings: ClassifySettings
    classifier: Classifier | None
    """None while none could be loaded: contents then wait in the slow lane."""
    gazetteer: Gazetteer
    names: Sequence[PlaceName] = ()
    """What the gazetteer was made of."""
    seat: Seat = field(default_factory=Seat)
    register: Register = field(default_factory=load_register)
    """Which units a name in a question means."""
    shelf: ClaimShelf = field(default_factory=ClaimShelf)


async def place_names(session: AsyncSession) -> Sequence[PlaceName]:
    """The wards, communes and districts of this installation; the shipped lists where it has none yet. Behind them what
    people call them besides."""
    return [*(await queries.place_names(session) or load_gazetteer()), *await confirmed_names(session)]


def load_classifier(name: str, folder: Path | None = None) -> Classifier | None:
    """The model of this name, read and tried; None, with the reason in the log, where it cannot be used."""
    try:
        make = CLASSIFIERS.get(name)
        classifier = make(folder) if folder else make()
        classifier.annotate([Document("", "thử")])
    except ModelBroken as error:
        log.error("model %s cannot be used, contents wait for their labels: %s", name, error)
        return None
    except Exception as error:
        log.error("model %s cannot be used, contents wait for their labels: %s", name, describe(error))
        return None
    return classifier


def _meaning(texts: int) -> RationedMeaning | None:
    meaning = load_meaning() if texts else None
    return RationedMeaning(meaning, texts) if meaning else None


@asynccontextmanager
async def open_resources(settings: ClassifySettings, db: Database, clock: Clock) -> AsyncIterator[Resources]:
    async with db.transaction() as session:
        names, register = await place_names(session), await open_register(session)
    classifier = load_classifier(settings.classifier, settings.classifier_model)
    if classifier is not None:
        async with db.transaction() as session:
            await models.install(session, classifier, clock.now())
    shelf = ClaimShelf(meaning=_meaning(settings.claims.second_looks))
    held = Resources(settings, classifier, Gazetteer(names), names, register=register, shelf=shelf)
    try:
        yield held
    finally:
        # A seat given back at a stop needs no waiting by the one that follows.
        if held.seat.epoch is not None:
            async with db.transaction() as session:
                await story_queries.release_lease(session, story_queries.STORIES_LEASE, held.seat.holder, clock.now())
