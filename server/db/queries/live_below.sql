-- instances_unfinished
select id from instances
where flow = :flow and version >= 1 and version < :version and status in ('running', 'failed')
order by number limit :limit
