select epoch, created_at from meta
