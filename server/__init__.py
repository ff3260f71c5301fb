"""The edges: HTTP, WebSocket, SQLite, outbound calls, auth, configuration and the command line."""
