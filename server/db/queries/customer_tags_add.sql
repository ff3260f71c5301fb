insert into customer_tags (tag, customer) values (?, ?) on conflict do nothing
