"""Models that label texts, one file each."""

from services.classify.adapters import lexicon

__all__ = ["lexicon"]
