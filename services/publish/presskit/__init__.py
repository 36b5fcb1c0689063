"""The press kit: items for newsrooms in their own formats, the feeds they read, and what is sent to them."""
