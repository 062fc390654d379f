"""Commands on RGB-D frames."""
