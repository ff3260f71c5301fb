"""The demo: example flows, sample customers, and a page that plays the backend and the customer's phones."""
