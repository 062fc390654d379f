"""Shipped networks: ONNX files, each with its model card (.json) beside it."""
