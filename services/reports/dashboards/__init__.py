"""What the console's front page needs, each part in one call: figures with their source, and what is to be done."""
