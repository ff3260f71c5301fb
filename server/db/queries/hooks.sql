select token, flow, trigger, paused, created_at, sampling_until, sample, sampled_at from hooks order by token
