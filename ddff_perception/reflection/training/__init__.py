"""Losses, presets, jobs and cards of the networks that separate layers; torch."""
