"""Stories on real parts: the whole product as `make up` starts it, real proxies, a real browser."""
