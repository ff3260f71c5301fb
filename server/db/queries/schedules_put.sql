-- primary key of schedules
insert into schedules (flow, trigger, zone, last_at) values (?, ?, ?, ?)
on conflict (flow, trigger, zone) do update set last_at = excluded.last_at
