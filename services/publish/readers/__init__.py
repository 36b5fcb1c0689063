"""Letters to readers: who asked for them, what the next one says, sending each once, and what comes back."""
