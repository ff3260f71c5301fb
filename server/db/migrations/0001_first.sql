-- What one commit writes, and what finds it again. Instants are ms since the epoch; blobs are MessagePack.

create table meta (
    one integer primary key check (one = 1),
    epoch text not null,
    created_at integer not null
);

create table journal (
    number integer primary key autoincrement,
    id text not null,
    at integer not null,
    kind text not null,
    source text not null,
    customer text,
    name text not null,
    payload blob not null
);

-- Narrow: recovery reads every live row. What changes with every turn is in snapshots.
create table instances (
    number integer primary key,
    id text not null unique,
    flow text not null,
    version integer not null,
    customer text not null,
    key text,
    invocation text not null,
    test integer not null,
    started_at integer not null,
    status text not null,
    outcome text,
    error text,
    step text,
    ended_at integer,
    due integer,
    open_cards integer not null,
    live integer not null,
    subscriptions blob not null
);
create index instances_by_customer on instances (customer);
create index instances_by_flow on instances (flow);
create index instances_by_key on instances (key) where key is not null;
create index instances_live on instances (number) where live = 1;
create index instances_due on instances (due) where due is not null and live = 1;
create index instances_failed on instances (number) where status = 'failed';
create index instances_unfinished on instances (flow, version) where status in ('running', 'failed');
create index instances_ended on instances (ended_at) where live = 0;

create table snapshots (
    number integer primary key,
    state blob not null,
    last_entry integer -- timeline.number of its newest entry
);

-- How many instances there are, tests left out: kept by triggers, so that no read counts a million rows.
create table instance_counts (
    flow text not null,
    version integer not null,
    status text not null,
    instances integer not null,
    primary key (flow, version, status)
) without rowid;

create trigger instance_started after insert on instances when new.test = 0 begin
    insert into instance_counts (flow, version, status, instances)
    values (new.flow, new.version, new.status, 1)
    on conflict (flow, version, status) do update set instances = instances + 1;
end;

create trigger instance_moved after update of status on instances
when new.test = 0 and new.status <> old.status begin
    update instance_counts set instances = instances - 1
    where flow = old.flow and version = old.version and status = old.status;
    insert into instance_counts (flow, version, status, instances)
    values (new.flow, new.version, new.status, 1)
    on conflict (flow, version, status) do update set instances = instances + 1;
end;

create trigger instance_dropped after delete on instances when old.test = 0 begin
    update instance_counts set instances = instances - 1
    where flow = old.flow and version = old.version and status = old.status;
end;

-- Each entry names the one before it of its instance, from the newest in its snapshot, which is written with
-- it anyway: an index would cost each turn a page of its own. Numbers are never given twice.
create table timeline (
    number integer primary key autoincrement,
    instance integer not null, -- instances.number
    previous integer, -- timeline.number
    turn integer not null,
    at integer not null,
    entry blob not null
);

create table cards (
    number integer primary key,
    id text not null unique,
    customer text not null,
    instance text not null,
    flow text not null,
    version integer not null,
    test integer not null,
    status text not null,
    streams text not null, -- a JSON array
    closed_at integer,
    seq integer not null,
    view_seq integer not null,
    card blob not null
);
create index cards_by_seq on cards (customer, seq, status);
create index cards_closed on cards (closed_at) where closed_at is not null;

create table views (
    number integer primary key, -- cards.number
    view blob not null
);

-- A customer's feed counter is the highest seq of the cards that are there, or of those that were pruned: this
-- mark. A counter of its own would cost each card a page.
create table feeds (
    customer text primary key,
    pruned integer not null
) without rowid;

create table customers (
    number integer primary key,
    id text not null unique,
    test integer not null,
    tags text not null, -- a JSON array
    created_at integer not null,
    updated_at integer not null,
    search text not null,
    folded text not null, -- id and search in lower case: SQLite's own lower() knows ASCII only
    profile blob not null
);

create table customer_tags (
    tag text not null,
    customer integer not null, -- customers.number
    primary key (tag, customer)
) without rowid;

create table inbox (
    number integer primary key autoincrement,
    instance text not null,
    customer text not null,
    at integer not null,
    input blob not null
);

create table answers (
    number integer primary key,
    key blob not null unique,
    digest blob not null,
    answer blob not null,
    expires_at integer not null
);
create index answers_by_expiry on answers (expires_at);

create table flows (
    key text primary key,
    name text not null,
    description text not null,
    folder text not null,
    draft text not null,
    draft_type text not null,
    revision integer not null,
    published integer,
    paused integer not null,
    archived integer not null,
    created_at integer not null,
    updated_at integer not null,
    cancel_below integer
);

create table versions (
    flow text not null,
    number integer not null,
    document text not null,
    document_type text not null,
    note text not null,
    published_at integer not null,
    published_by text not null,
    primary key (flow, number)
);

create table api_keys (
    id text primary key,
    name text not null,
    digest blob not null unique,
    roles text not null, -- a JSON array
    created_at integer not null,
    revoked_at integer
);

create table app_keys (
    name text primary key,
    kind text not null,
    material text not null,
    issuers text not null, -- a JSON array
    audience text not null,
    max_age_s integer not null,
    customer_claim text not null,
    claims text not null, -- a JSON object
    created_at integer not null
);
