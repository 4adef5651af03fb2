"""Stories on real parts: the whole product as `make up` starts it, a real nginx, a real browser."""
