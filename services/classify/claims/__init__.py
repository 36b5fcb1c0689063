"""Claims, their verdicts by people, the contents that may repeat them, and how far they spread."""
