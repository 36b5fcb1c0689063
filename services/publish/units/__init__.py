"""What the city hands to its wards and departments: each adapts a draft, approves it and posts as itself."""
