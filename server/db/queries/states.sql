-- unique id of instances
select id, state from instances join snapshots on snapshots.number = instances.number
where id in (select value from json_each(:ids))
