"""What lies on disk: stack folders, bags, point clouds; read with checks, written atomically."""
