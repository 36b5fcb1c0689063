"""Corrections of claims: from a checked claim to a word on every channel where it was seen, and the chain they form."""
