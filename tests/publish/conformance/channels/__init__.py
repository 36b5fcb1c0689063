"""One description for each kind of channel; a module here with a `CASE` is one, and nothing else lists it."""
