"""The catalogue of sources as data: files in and out, and feeds found from a site's address."""
