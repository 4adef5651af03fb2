"""The engine: everything that ends access goes through `engine.revoke`."""
