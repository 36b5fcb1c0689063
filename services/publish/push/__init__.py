"""Web push to readers' browsers: who asked for it, what they are told, sending it, and its pages."""
