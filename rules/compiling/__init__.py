"""From a document to a flow that can run: references resolved, sources compiled once."""
