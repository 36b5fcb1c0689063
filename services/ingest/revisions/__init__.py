"""What changed when a page was edited: told by an event, kept, and shown to editors sentence by sentence."""
