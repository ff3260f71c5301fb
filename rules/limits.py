"""Every bound of what other people send to the rules, each with its unit and its reason."""

# ── times and durations ────────────────────────────────────────────────────────────────────────────────
# Instants, ms: the years 1 to 9999 of the calendar, a day less at each end so that every zone can show them.
AT_MS_MIN = -62_135_510_400_000
AT_MS_MAX = 253_402_214_400_000
# A duration's text, characters: every unit with ten digits is shorter.
DURATION_CHARS_MAX = 80
