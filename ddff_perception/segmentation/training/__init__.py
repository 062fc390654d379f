"""Losses, presets, jobs and cards of the networks that label pixels; torch."""
