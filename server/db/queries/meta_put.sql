insert into meta (one, epoch, created_at) values (1, :epoch, :created_at)
on conflict (one) do update set epoch = excluded.epoch
