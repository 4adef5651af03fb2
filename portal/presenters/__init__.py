"""What pages show, worked out once as frozen values: views fetch, these word, templates only place."""
