"""Networks over focal stacks, and their ONNX files; torch."""
