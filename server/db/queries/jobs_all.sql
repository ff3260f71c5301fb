-- by rowid; a walk, completed by jobs_page
select * from jobs where number > :after and number < :before order by number {order} limit :window
