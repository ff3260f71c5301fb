"""The live protocol and the app's feed: WebSocket sessions, long polls, cursors and frames."""
