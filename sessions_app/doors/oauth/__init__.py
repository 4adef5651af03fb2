"""OAuth for machines: token, revocation, keys, metadata, user information. Translates only."""
