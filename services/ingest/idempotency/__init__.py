"""Requests that may be sent again: the same key and the same body have the same effect, once, and the same answer."""
