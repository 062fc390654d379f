"""What people bring to `ddff reflection`: names that say angles, folders, packed pixels."""
