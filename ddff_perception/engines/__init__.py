"""Where networks run: one ONNX file in, arrays out; ONNX Runtime, OpenVINO, TensorRT."""
