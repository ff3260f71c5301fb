"""Who is calling, and what may they do: API keys and access tokens of backends, JWTs of apps, rate limits."""
