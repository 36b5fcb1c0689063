"""Search: the language of questions, the index, and the questions that are kept (README.md)."""
