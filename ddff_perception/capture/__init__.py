"""What captures share: stamp order, readings beside images, joined sets, alignment of frames."""
