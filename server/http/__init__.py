"""The HTTP edge: one table of routes drives the handlers and the OpenAPI document."""
