-- Instances that change their version, what undoing that needs, and what jobs have to tell.

drop trigger instance_moved;
create trigger instance_moved after update of status, version on instances
when new.test = 0 and (new.status <> old.status or new.version <> old.version) begin
    update instance_counts set instances = instances - 1
    where flow = old.flow and version = old.version and status = old.status;
    insert into instance_counts (flow, version, status, instances)
    values (new.flow, new.version, new.status, 1)
    on conflict (flow, version, status) do update set instances = instances + 1;
end;

alter table jobs add column result blob not null default x'';

-- Instances as they were before a job moved them to another version.
create table undos (
    number integer primary key autoincrement,
    job text not null,
    instance text not null,
    turn integer not null,
    at integer not null,
    state blob not null
);
create index undos_by_job on undos (job);

-- When the flow last began to take starts again.
alter table flows add column resumed_at integer;
