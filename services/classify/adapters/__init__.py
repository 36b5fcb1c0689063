"""Models that label texts, one file each."""

from services.classify.adapters import lexicon, linear

__all__ = ["lexicon", "linear"]
