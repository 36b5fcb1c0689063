"""Playbooks, situations and drills (docs/how-to/crisis.md)."""
