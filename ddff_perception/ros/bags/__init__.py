"""Nodes that record and play bags without a ROS installation."""
