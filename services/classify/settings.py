"""Settings of the classify service."""

from pathlib import Path

from pydantic import BaseModel, Field

from libs.common.events.content import BATCH_LIMIT
from libs.common.settings import CommonSettings
from services.classify.claims.settings import ClaimSettings
from services.classify.trends.settings import TrendSettings


class StorySettings(BaseModel):
    """How contents are given to stories."""

    settle_seconds: float = Field(default=2.0, ge=0, description="a content waits this long after its annotation")
    lease_seconds: int = Field(default=20, ge=2, description="a silent assigner is replaced after this long")
    batch: int = Field(default=BATCH_LIMIT, ge=1, le=BATCH_LIMIT, description="contents in one transaction")
    lookback_minutes: int = Field(default=15, ge=1, description="how far back each look for new contents goes")
    sweep_seconds: int = Field(default=60, ge=1, description="pause between two looks over all of sweep_days")
    sweep_days: int = Field(default=7, ge=3, description="contents older than this are given to no story")


class LaneSettings(BaseModel):
    """When contents leave the stream for the slow lane, and how fast that one is worked off."""

    late_seconds: float = Field(default=2.0, ge=0.5, description="what is older is labelled beside the stream")
    batch: int = Field(default=100, ge=1, le=1000, description="late contents in one transaction")
    retry_seconds: float = Field(default=15.0, ge=1, description="pause before a missing model is tried again")


class ClassifySettings(CommonSettings):
    classifier: str = Field(default="linear", description="name of the model that labels texts")
    classifier_model: Path | None = Field(
        default=None, description="directory of its weights; without one, those that ship"
    )
    corrections_days: int = Field(default=730, ge=30, description="people's corrections teach models so long")
    stories: StorySettings = StorySettings()
    lanes: LaneSettings = LaneSettings()
    trends: TrendSettings = TrendSettings()
    claims: ClaimSettings = ClaimSettings()
