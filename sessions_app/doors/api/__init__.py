"""The REST door under /api/v1/, described by its own OpenAPI document."""
