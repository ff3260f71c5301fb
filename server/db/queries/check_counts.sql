select count(*) from (
    select flow, version, status, count(*) as instances from instances where test = 0 group by flow, version, status
    except
    select flow, version, status, instances from instance_counts
)
