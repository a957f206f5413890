-- name: writable_ask
-- False on a standby, and while a server takes no writes.
SELECT NOT pg_is_in_recovery() AND NOT current_setting('transaction_read_only')::boolean
