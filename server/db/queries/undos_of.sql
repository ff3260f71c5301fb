-- undos_by_job
select number, job, instance, turn, at, state from undos
where job = :job and number > :after order by number limit :limit
