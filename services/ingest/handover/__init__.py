"""What publish hands over from the city's own channels: comments by readers, and those an officer made a case of."""
