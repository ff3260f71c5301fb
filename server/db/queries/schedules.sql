select flow, trigger, zone, last_at from schedules order by flow, trigger, zone
