"""Whatever changes something leaves exactly its entries: every address and every command, one row or more each."""
