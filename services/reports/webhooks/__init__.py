"""Systems of others are told of the closed list of events by signed requests (docs/how-to/webhooks.md)."""
