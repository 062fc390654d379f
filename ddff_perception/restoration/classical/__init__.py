"""Restoration without learning."""
