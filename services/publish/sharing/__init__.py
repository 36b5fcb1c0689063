"""Ready texts that anybody may pass on, with the source line and the official link; nobody who does is known."""
