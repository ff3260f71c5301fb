-- Calls that leave the process, long operations, configuration in the store, and what flows and segments
-- remember of a customer.

create table outbox (
    number integer primary key autoincrement,
    instance text not null,
    customer text not null,
    at integer not null,
    kind text not null,
    key text not null,
    payload blob not null
);
create index outbox_by_instance on outbox (instance);

create table ledgers (
    customer text not null,
    flow text not null,
    test integer not null,
    ledger blob not null,
    primary key (customer, flow, test)
) without rowid;

-- Not without rowid: a history may be long, and each event that a segment reads writes one.
create table histories (
    number integer primary key,
    customer text not null unique,
    due integer,
    history blob not null
);
create index histories_due on histories (due) where due is not null;

create table jobs (
    number integer primary key,
    id text not null unique,
    kind text not null,
    name text not null,
    state text not null,
    cursor blob not null,
    done integer not null,
    total integer,
    failed integer not null,
    made_by text not null,
    created_at integer not null,
    updated_at integer not null,
    ended_at integer,
    unique_key text
);
create unique index jobs_unique on jobs (unique_key) where unique_key is not null;
create index jobs_open on jobs (number) where state in ('waiting', 'running');
create index jobs_ended on jobs (ended_at) where ended_at is not null;

-- Apart, because a job's row is written again and again, and an import's spec may be long.
create table job_specs (
    number integer primary key, -- jobs.number
    spec blob not null
);

create table resources (
    kind text not null,
    id text not null,
    document blob not null, -- JSON
    revision integer not null,
    created_at integer not null,
    updated_at integer not null,
    primary key (kind, id)
);

create table hooks (
    token text primary key,
    flow text not null,
    trigger text not null,
    paused integer not null,
    created_at integer not null,
    sampling_until integer,
    sample blob,
    sampled_at integer
);

create table schedules (
    flow text not null,
    trigger text not null,
    zone text not null,
    last_at integer not null,
    primary key (flow, trigger, zone)
) without rowid;

alter table instances add column parent text; -- the instance that started it
create index instances_by_parent on instances (parent) where parent is not null;

alter table customers add column segments text not null default '[]'; -- a JSON array
alter table customers add column timezone text not null default ''; -- '': none; filled from profiles by fills.py
create index customers_by_zone on customers (timezone);
create index customers_tests on customers (number) where test = 1;

create table customer_segments (
    segment text not null,
    customer integer not null, -- customers.number
    primary key (segment, customer)
) without rowid;
