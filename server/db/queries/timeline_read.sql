-- timeline_by_instance
select turn, at, entry from timeline
where instance = (select number from instances where id = :instance) and turn > :after
order by turn limit :limit
