"""Near-copies: which contents are nearly the text of an earlier one, found without comparing every pair."""
