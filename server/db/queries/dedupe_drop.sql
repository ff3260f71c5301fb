drop table dedupe_{day}
