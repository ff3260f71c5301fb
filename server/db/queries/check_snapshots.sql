select count(*) from instances where number not in (select number from snapshots)
