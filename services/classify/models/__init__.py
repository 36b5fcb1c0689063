"""The models that ship: how they are trained, judged, explained, corrected and replaced."""
