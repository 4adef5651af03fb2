"""Who has access now, and how it ends."""
