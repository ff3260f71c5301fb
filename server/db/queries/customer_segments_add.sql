insert into customer_segments (segment, customer) values (?, ?) on conflict do nothing
