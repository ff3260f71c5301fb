-- answers_by_expiry
delete from answers where number in (select number from answers where expires_at <= :now limit :limit)
