select name from sqlite_schema where type = 'table' and name glob 'dedupe_[0-9]*' order by name
