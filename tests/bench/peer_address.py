"""Where the peer answers and who may ask it; apart from it, so that the one who measures does not become it."""

PATH = "/o/introspect/"
GOOD, CALLER = "good-token-" + "x" * 32, "caller-token-" + "x" * 32
CLIENT, SECRET = "resource-server", "a-secret-of-the-resource-server"
