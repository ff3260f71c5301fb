insert into inbox (number, instance, customer, at, input) values (?, ?, ?, ?, ?)
