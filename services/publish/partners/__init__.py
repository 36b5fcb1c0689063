"""How the one official channel was chosen, who the partners are, and the kits that they open."""
