"""Vietnamese text as the models read it: its language, its sentences, chat spelling, and what it mentions."""
