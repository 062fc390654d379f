"""The commands of depth from focus."""
