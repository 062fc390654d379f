"""One self-contained HTML page: blocks, charts, pictures, numbers."""
