select count(*) from inbox where instance not in (select id from instances)
