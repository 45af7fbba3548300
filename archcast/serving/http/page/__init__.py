"""The page that the service shows in a browser, and the routes that it asks."""
