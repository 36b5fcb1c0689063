"""How each source is doing: what is usual for it, what it brings, and why it stopped."""

from services.ingest.health.rules import Health, Pulse, health_of, shown_health

__all__ = ["Health", "Pulse", "health_of", "shown_health"]
