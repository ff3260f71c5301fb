-- primary key of hooks
delete from hooks where token in (values (?))
