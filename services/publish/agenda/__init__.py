"""The events desk (docs/how-to/events-desk.md)."""
