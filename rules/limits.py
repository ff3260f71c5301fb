"""Every bound of what other people send to the rules, each with its unit and its reason."""

# ── times and durations ────────────────────────────────────────────────────────────────────────────────
# Instants, ms: the years 1 to 9999 of the calendar, a day less at each end so that every zone can show them.
AT_MS_MIN = -62_135_510_400_000
AT_MS_MAX = 253_402_214_400_000
# A duration's text, characters: every unit with ten digits is shorter.
DURATION_CHARS_MAX = 80
# Missed runs of a schedule that are recorded one by one, the newest: what somebody reads after a long outage.
MISSED_RUNS_MAX = 100
# Runs that a preview shows: two months of a daily rule, and so a change of the clocks where one is near.
PREVIEW_RUNS_MAX = 60

# ── templates ──────────────────────────────────────────────────────────────────────────────────────────
# Source of a template that has something to render, characters: a card's text, not a document.
TEMPLATE_SOURCE_CHARS_MAX = 2_048
# A rendered text and a literal one, bytes of UTF-8: what one element of a card may weigh.
RENDERED_BYTES_MAX = 65_536
# Work of one rendering, in steps of about 2 µs: loop passes times what stands in them, sizes of what is read.
TEMPLATE_STEPS_MAX = 10_000
# What a filter may give: characters of a text, items of a list; the same as in expressions.
FILTER_TEXT_CHARS_MAX = 8_192
FILTER_ITEMS_MAX = 500
# Blocks inside blocks: more is unreadable, and each is a frame on the interpreter's stack.
TEMPLATE_NESTING_MAX = 8
# Names inside names, terms of a condition: each is evaluated inside the one before.
TEMPLATE_EXPRESSION_DEPTH_MAX = 32
# What `assign` and `capture` may hold at once, bytes: sixteen times what may be rendered.
TEMPLATE_LOCALS_BYTES_MAX = 1_048_576
# Numbers that filters compute with, by magnitude: integers up to here are exact in a double.
FILTER_NUMBER_MAX = 9_007_199_254_740_991
# Decimals that `number` and `round` may be asked for.
FILTER_DECIMALS_MAX = 10
# A pattern of `date`, characters.
DATE_PATTERN_CHARS_MAX = 64
# Markdown of one text, characters, and opening brackets in it: the costliest takes less than 50 ms.
MARKDOWN_CHARS_MAX = 4_096
MARKDOWN_BRACKETS_MAX = 256
# Spans that one text may have.
SPANS_MAX = 1_000
# A link's address, characters: what browsers and intermediaries take.
LINK_CHARS_MAX = 2_048

# ── expressions ────────────────────────────────────────────────────────────────────────────────────────
# Source of one expression, bytes of UTF-8: a screenful; longer rules belong into a decision table.
EXPRESSION_SOURCE_BYTES_MAX = 2_048
# Nesting, levels of the source and of the tree: what the reference parser and checker accept.
EXPRESSION_DEPTH_MAX = 32
# Loops (all, exists, map, …) inside one another: two walk orders and their lines; three would be a program.
EXPRESSION_LOOP_DEPTH_MAX = 2
# The same where `optMap` and `optFlatMap` are written out, which doubles what stands before each, bytes: two
# may stand in the longest source, four in one of 512 bytes. The reference takes 10 ms to check as much.
EXPRESSION_WRITTEN_OUT_BYTES_MAX = 8_192
# Work of one evaluation, steps of at most 2 µs: a turn of a loop, a list item or 64 characters handled.
# So 20 ms in each form, 40 at worst.
EXPRESSION_STEPS_MAX = 10_000
# A string that an expression reads in a function or makes, characters: the longest text of a card.
EXPRESSION_STRING_CHARS_MAX = 8_192
# A list or object that an expression walks or makes, items: more belongs into a segment or a request.
EXPRESSION_LIST_ITEMS_MAX = 500
# Depth to which two values are compared, levels: deeper than any event that people write.
EXPRESSION_VALUE_DEPTH_MAX = 64
# Durations in expressions, days: ten thousand years, as the standard has it.
EXPRESSION_DURATION_DAYS_MAX = 3_652_500
# Pattern of `matches`, characters: an address or a number is described in fewer.
EXPRESSION_PATTERN_CHARS_MAX = 256
# Pattern of `matches` with its counts written out, atoms: RE2 builds it within 3 ms.
EXPRESSION_PATTERN_ATOMS_MAX = 512

# ── the document ───────────────────────────────────────────────────────────────────────────────────────
# Its text, bytes: 500 steps with their cards are about half of it.
DOCUMENT_BYTES_MAX = 256 * 1024
# Mappings and lists inside one another: the format itself needs 10, data and payloads may be deeper.
DOCUMENT_DEPTH_MAX = 32
# Keys and values in all: 60 per step; YAML costs about 50 µs for each.
DOCUMENT_NODE_COUNT_MAX = 30_000
# Problems in one answer: nobody reads more at once.
PROBLEM_COUNT_MAX = 100
# Patterns of conditions and inputs: checking one of classes of Unicode takes 3 ms, so 1.5 s in all.
PATTERN_COUNT_MAX = 500
# Integers that every reader of JSON keeps exactly.
INTEGER_MAX = 2**53
STEP_COUNT_MAX = 500
VARIABLE_COUNT_MAX = 200
TRIGGER_COUNT_MAX = 50
EXIT_COUNT_MAX = 20
# Outcomes of a wait and cases of a branch: what still fits on a screen.
OUTCOME_COUNT_MAX = 50
# Steps that one `next` starts, card steps that one `close` or `of` names, events of one trigger.
NEXT_COUNT_MAX = 20
# Customers that an audience names one by one: more are a segment or a tag.
AUDIENCE_IDS_MAX = 500
# A cron rule, characters: a list of all sixty minutes and short lists beside it.
CRON_CHARS_MAX = 200
# How often a rule or a `limit` step may let a customer through in its period: a time is kept for each.
START_LIMIT_MAX = 100
# Weights of a split's arms: shares or percentages.
WEIGHT_MAX = 1_000_000
# A decision table, inputs and rows: what an editor shows as a table.
TABLE_INPUTS_MAX = 20
TABLE_ROWS_MAX = 200
# Further attempts of a request, and the statuses that a retry names.
RETRY_TIMES_MAX = 20
RETRY_ON_MAX = 50
# Headers, query or form fields of a request.
REQUEST_FIELDS_MAX = 50
# Kinds of events in a source's mapping, and events that one request becomes.
SOURCE_EVENTS_MAX = 20
SOURCE_ITEMS_MAX = 1_000
# What a project lists, what its patterns compile to, and how much that is wrong with an event is told.
EVENT_SCHEMA_COUNT_MAX = 500
SEGMENT_COUNT_MAX = 500
SCHEMA_PATTERN_BYTES_MAX = 1024 * 1024
EVENT_FAULTS_MAX = 10
# Events that a collect step gathers.
COLLECTED_MAX = 500
NOTIFICATION_COUNT_MAX = 100
# Languages of one card or notification: more than any product speaks.
TRANSLATION_COUNT_MAX = 50
CARD_COUNT_MAX = 100
STREAM_COUNT_MAX = 16
# Platforms and containers that one delivery names: as many as there are, and as many as one app shows.
PLATFORM_COUNT_MAX = 3
CONTAINER_COUNT_MAX = 32
TAG_COUNT_MAX = 50
# Names of events, ids of customers and of events, bytes of UTF-8.
NAME_BYTES_MAX = 128
# Correlation keys, bytes of UTF-8.
KEY_BYTES_MAX = 256
# Titles, names of steps, reasons, characters: one line of a screen.
TITLE_CHARS_MAX = 200
DESCRIPTION_CHARS_MAX = 2_000
FOLDER_CHARS_MAX = 200
FOLDER_DEPTH_MAX = 3

# ── turns ──────────────────────────────────────────────────────────────────────────────────────────────
# Steps that one turn and one instance may run: a loop that nobody meant ends here, and says so (§9.4).
STEPS_PER_TURN_MAX = 1_000
STEPS_PER_INSTANCE_MAX = 100_000
# A packed state, bytes: it is written with every turn of its instance.
STATE_BYTES_MAX = 262_144
# Events kept for `since: start`, of one instance: the newest, and bytes of their data.
KEPT_EVENTS_MAX = 32
KEPT_EVENTS_BYTES_MAX = 16_384
# Card reports that no wait has taken yet, of one instance: several for each card in a long loop.
KEPT_REPORTS_MAX = 64
# Open cards of one customer, over all instances: what an app can hold and show (live protocol, Opening).
OPEN_CARDS_PER_CUSTOMER_MAX = 500
# What a customer may have put into one card, bytes of MessagePack: a long form with long texts.
CARD_VALUES_BYTES_MAX = 16_384
# How far ahead a card may be snoozed, ms: 366 days.
SNOOZE_MS_MAX = 366 * 86_400_000
# Data of an event that a flow emits, bytes of MessagePack: a turn can emit a thousand of them.
EMITTED_BYTES_MAX = 65_536
# Keys of which a flow remembers starts and passes, of one customer: policies, orders, …
LEDGER_KEYS_MAX = 1_000
# A rendered notification, bytes of JSON: what push services take (flow format §8).
PUSH_BYTES_MAX = 4_096
# Pushes that an instance holds for a window, children of which it waits to hear, inputs kept after faults of
# ours.
HELD_PUSHES_MAX = 32
CHILDREN_MAX = 100
MISSED_INPUTS_MAX = 16
# A request's body, and an answer's that is kept in the state, bytes.
REQUEST_BYTES_MAX = 65_536
RESPONSE_BYTES_MAX = 65_536
# Collected events, bytes of their data, of one collect step.
COLLECTED_BYTES_MAX = 65_536
# How long a request may take, ms: two minutes. A pause between attempts, ms: an hour. A push's life, ms: 28
# days.
REQUEST_MS_MAX = 120_000
RETRY_PAUSE_MS_MAX = 3_600_000
PUSH_TTL_MS_MAX = 28 * 86_400_000
# How far the starts of one occurrence may be spread, and how late a missed one may still happen, ms: a day,
# 28 days.
JITTER_MS_MAX = 86_400_000
CATCH_UP_MS_MAX = 28 * 86_400_000
# A day where a length of time must be fixed, ms.
CALENDAR_DAY_MS = 86_400_000
# Lines of a turn on the timeline, and bytes of one value that a condition read.
TRACE_LINES_MAX = 200
TRACE_VALUE_BYTES_MAX = 512
# Lists and objects inside each other in a value that a flow stores or sends: as deep as a document may be.
VALUE_NESTING_MAX = 32

# ── customers ──────────────────────────────────────────────────────────────────────────────────────────
# A text in a profile, characters; custom fields of a profile; tags; a whole profile, bytes of MessagePack.
PROFILE_TEXT_CHARS_MAX = 1_024
PROFILE_FIELDS_MAX = 200
PROFILE_TAGS_MAX = 200
PROFILE_BYTES_MAX = 65_536
# Windows of one day, and topics, in a customer's preferences.
WINDOWS_PER_DAY_MAX = 8
TOPICS_MAX = 100

# ── segments ───────────────────────────────────────────────────────────────────────────────────────────
# Of one server: a new customer is held against each of them, at some 10 µs.
SEGMENT_COUNT_MAX = 200
# How far back a rule may count events, ms: 366 days.
COUNTED_PERIOD_MS_MAX = 366 * 86_400_000
# Names of events that the rules of a server count together, and times of each that are kept of a customer,
# the newest: `count()` says at most so many. A whole history is 225 KB then, and most are a few times.
COUNTED_NAMES_MAX = 50
COUNTED_TIMES_MAX = 500
# A rule that reads `now` is looked at again after so long, ms: an hour. Events leave their window in time.
CLOCK_LOOK_MS = 3_600_000

# ── cards ──────────────────────────────────────────────────────────────────────────────────────────────
# Elements of a card's body and of each subview, as written; items, options and presets of one element.
ELEMENT_COUNT_MAX = 100
ITEM_COUNT_MAX = 100
OPTION_COUNT_MAX = 100
PRESET_COUNT_MAX = 10
# Screens of a card beside the first.
SUBVIEW_COUNT_MAX = 20
# Items for which one element is repeated; those beyond are not shown, and counted on the timeline.
EACH_COUNT_MAX = 100
# Characters: a name that an author gave, and the number of an item that it is repeated for.
ELEMENT_NAME_CHARS_MAX = 68
# Elements of a rendered card, subviews and repeats included: a turn renders them within some 20 ms.
SHOWN_ELEMENTS_MAX = 300
# Work of all templates of one card, in the steps of a template: about 0.1 s, while nothing else is decided.
CARD_TEMPLATE_STEPS_MAX = 50_000
# Minutes between the times that a time input takes: half a day.
TIME_STEP_MINUTES_MAX = 720
# Stars of a rating: what fits beside each other on a phone.
RATING_MAX = 10
# Media types that one file input takes.
MEDIA_TYPE_COUNT_MAX = 20
RUNTIME_VARIABLE_COUNT_MAX = 50
# A submitted text, characters and bytes of UTF-8: an expression reads texts up to 8 KB.
VALUE_CHARS_MAX = 4_000
VALUE_BYTES_MAX = 8_192
# A regular expression that a text input is checked with, characters.
PATTERN_CHARS_MAX = 256
# Problems that one refused submit tells: the inputs of a card that fits on a screen.
VALUE_ERROR_COUNT_MAX = 20
# A rendered card with its data, bytes of JSON: 500 open cards of it are still a feed that a phone can load.
VIEW_BYTES_MAX = 64 * 1024

# ── scripts and flow tests ─────────────────────────────────────────────────────────────────────────────
# Cases of one test, steps of one script: what fits into a document with room to spare.
CASE_COUNT_MAX = 500
SCRIPT_STEPS_MAX = 500
# Customers of a script, and flows that run beside its own: a scene that somebody can still picture.
SCRIPT_CUSTOMERS_MAX = 20
SCRIPT_FLOWS_MAX = 20
# How many of a kind may be counted or skipped over: more is a load test.
SCRIPT_TIMES_MAX = 10_000
SCRIPT_NTH_MAX = 1_000
# A value in a message about what differs, characters: a line or two of a terminal.
SHOWN_VALUE_CHARS_MAX = 200
# Differences that one message tells.
MISS_COUNT_MAX = 10
