"""Use cases: what the doors of the service may ask for."""
