"""The product in a real Chromium: the story, what assistive technology meets, and pictures of every page."""
