"""Which English text of a unit stands for which Vietnamese one: told by an editor, confirmed by a spokesperson."""
