select count(*) from resources where not json_valid(cast(document as text))
