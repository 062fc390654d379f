"""Losses, presets, jobs and cards of the networks over focal stacks; torch."""
