"""What descriptors learn from: recordings, made-up drives, triplets."""
