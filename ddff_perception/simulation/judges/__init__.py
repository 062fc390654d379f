"""Scenes to judge by: of held-out assets, composed and drawn by code that makes no training data.

Nothing here uses `simulation/world` but for its types, nor the textures and scenes that training
draws; a test holds it.
"""
