"""Presets, losses and ONNX files of the networks that deblur."""
