"""Networks that separate layers, and their ONNX files; torch."""
