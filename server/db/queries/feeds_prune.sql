-- primary key of feeds: the mark only rises
update feeds set pruned = max(pruned, given.column2) from (values (?, ?)) as given
where customer = given.column1
