"""The burst: frames with their blur, laid over the newest one."""
