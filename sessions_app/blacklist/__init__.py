"""The blacklist and the guard, in plain Python: also shipped to services as `curfew_guard`."""
