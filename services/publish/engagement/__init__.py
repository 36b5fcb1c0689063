"""Rates with their formula, and advice that shows what it rests on."""
