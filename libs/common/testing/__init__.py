"""Fixtures for every service's tests: real Postgres, real NATS, people, tokens and rows."""
