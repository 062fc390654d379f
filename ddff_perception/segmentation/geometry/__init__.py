"""What depth says of a room: normals, the direction of gravity, heights, and HHA; numpy alone."""
