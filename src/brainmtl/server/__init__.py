"""One process that answers an API and serves a page."""
