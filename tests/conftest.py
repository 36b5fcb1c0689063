"""Fixtures come from libs.common.testing.plugin, loaded by the project's pytest settings."""
