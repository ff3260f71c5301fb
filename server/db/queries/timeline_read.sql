-- by rowid, from the newest entry backwards; an entry before the kept ones is not there and ends the walk
with recursive walked (number, previous, turn) as (
    select timeline.number, previous, turn
    from timeline
    where number = (
        select last_entry from instances join snapshots on snapshots.number = instances.number
        where id = :instance
    )
    union all
    select timeline.number, timeline.previous, timeline.turn
    from walked cross join timeline on timeline.number = walked.previous
    where walked.turn > :after
)
select timeline.turn, at, entry from walked cross join timeline on timeline.number = walked.number
where timeline.turn > :after
order by timeline.turn, timeline.number limit :limit
