"""Reflection separation: polarizer images in, transmission and reflection out."""
