"""ROS 2 without perception: base node, message views, parameters, QoS, diagnostics."""
