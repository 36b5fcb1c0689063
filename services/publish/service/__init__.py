"""The use cases of publishing, one module for each stage of a publication's life."""
