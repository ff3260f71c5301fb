-- Why a job failed.

alter table jobs add column error text;
