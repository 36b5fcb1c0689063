"""The pickup index: who carried what we said, how much later, and with what headline or figure changed."""
