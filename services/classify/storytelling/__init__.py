"""What is told of a story, by extraction alone, and what people decide about it: merges, splits, and taking back."""
