"""What people bring to `ddff reflection`: names that say the angle, folders, raws, packed pixels."""
