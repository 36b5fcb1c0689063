"""Being told by hubs instead of asking again and again (W3C WebSub, the subscriber's part)."""
