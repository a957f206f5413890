"""From facts to rows: planning media, and running one medium from lease to release."""
