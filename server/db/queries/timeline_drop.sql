-- timeline_by_instance
delete from timeline where instance in (values (?))
