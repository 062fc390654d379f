"""Metrics, bag evaluation, figures and reports."""
