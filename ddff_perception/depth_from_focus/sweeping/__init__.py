"""The lens moves: the sweep as a state machine, and its node."""
