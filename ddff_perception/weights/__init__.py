"""Shipped networks: ONNX files, each with its model card (.json) beside it, and safetensors with
which training can begin. `NETWORK.credits.md` names who made what they learned from.
"""
