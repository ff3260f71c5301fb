-- primary key of app_keys
delete from app_keys where name = :name
