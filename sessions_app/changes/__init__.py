"""Named changes: what people, machines and the clock may change, one function each, recorded as it happens."""
