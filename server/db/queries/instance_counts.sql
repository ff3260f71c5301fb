-- primary key of instance_counts
select version, status, instances from instance_counts where flow = :flow and instances > 0
