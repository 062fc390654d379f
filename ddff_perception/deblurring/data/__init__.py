"""What the networks learn from: bursts blurred by made-up camera shake."""
