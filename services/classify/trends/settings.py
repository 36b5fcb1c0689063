"""Settings of trends."""

from pydantic import BaseModel, Field


class TrendSettings(BaseModel):
    """How contents are counted, read for bursts and forecast."""

    settle_seconds: int = Field(default=60, ge=0, description="five minutes are read so long after they are over")
    prompt_minutes: int = Field(default=30, ge=5, description="seen so soon after publication: counted when seen")
    lookback_minutes: int = Field(default=15, ge=1, description="how far back each look for new contents goes")
    sweep_seconds: int = Field(default=600, ge=10, description="pause between two looks over all of late_days")
    late_days: int = Field(default=7, ge=1, description="what comes or changes later is counted no more")
    hold_minutes: int = Field(default=30, ge=0, description="bursts wait so long for contents without labels")
    batch: int = Field(default=2000, ge=1, le=10_000, description="contents counted in one transaction")
    series_batch: int = Field(default=40, ge=1, le=500, description="series read for bursts in one transaction")
    min_seen: int = Field(default=5, ge=1, description="fewer contents are no burst, however rare")
    fresh_hours: float = Field(default=3.0, gt=0, description="a burst found later than this raises no event")
    keep_days: int = Field(default=70, ge=30, description="counts of fields, places and sources are kept so long")
    keep_story_days: int = Field(default=14, ge=2, description="the same for stories")
    keep_burst_days: int = Field(default=400, ge=30, description="bursts are kept so long")
    forecast_minutes: int = Field(default=60, ge=5, description="a forecast is made again after so long")
    forecast_min_a_day: float = Field(default=12.0, gt=0, description="series with fewer contents are not forecast")
