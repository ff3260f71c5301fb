select count(*) from instances where live = 0 and status in ('running', 'failed')
