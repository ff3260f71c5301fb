-- primary key of hooks
insert into hooks (token, flow, trigger, paused, created_at, sampling_until, sample, sampled_at)
values (?, ?, ?, ?, ?, ?, ?, ?)
on conflict (token) do update
set flow = excluded.flow, trigger = excluded.trigger, paused = excluded.paused, created_at = excluded.created_at,
    sampling_until = excluded.sampling_until, sample = excluded.sample, sampled_at = excluded.sampled_at
