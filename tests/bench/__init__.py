"""The numbers the product promises, measured side by side in one run. Never asserted in a test."""
