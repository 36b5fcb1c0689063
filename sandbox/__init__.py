"""The training ground: outside platforms played faithfully on the wire, for tests, demos and drills.

It imports nothing of the product, and the product never imports it: both sides read the platforms' own
documents, so that a mistake in one of them shows as a disagreement.
"""
