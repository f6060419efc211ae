"""The web server: health for monitoring, and the addresses by which providers call. Uses aiohttp's server."""
