-- The sample shop of scripts/compose.yaml, and the account of Rollcall and of Debezium.
USE shop;
CREATE TABLE users (
    user_id BIGINT UNSIGNED NOT NULL PRIMARY KEY,
    email VARCHAR(255) NOT NULL,
    status VARCHAR(16) NOT NULL DEFAULT 'active'
);
CREATE TABLE preferences (
    user_id BIGINT UNSIGNED NOT NULL PRIMARY KEY,
    dark_mode TINYINT(1) NOT NULL DEFAULT 0
);
CREATE TABLE rollcall_fence (
    id INT PRIMARY KEY,
    nonce VARCHAR(64),
    written_at TIMESTAMP(3)
);
INSERT INTO users (user_id, email)
    WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
    SELECT i, CONCAT('user-', i, '@example.com') FROM n;
INSERT INTO preferences SELECT user_id, user_id % 2 FROM users;

-- One account for both. In earnest, Debezium has its own: Rollcall needs only the first two grants and REPLICATION CLIENT.
CREATE USER 'rollcall'@'%' IDENTIFIED BY 'rollcall-local';
GRANT SELECT ON shop.* TO 'rollcall'@'%';
GRANT SELECT, INSERT, UPDATE, DELETE ON shop.rollcall_fence TO 'rollcall'@'%';
GRANT SELECT, RELOAD, SHOW DATABASES, LOCK TABLES, REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO 'rollcall'@'%';
