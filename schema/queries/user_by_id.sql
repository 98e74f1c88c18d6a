-- The account of a user, for GET /user.
SELECT id, email, username, created_at, updated_at FROM users WHERE id = ?
