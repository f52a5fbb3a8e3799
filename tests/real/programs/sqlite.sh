# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=sh
#
# exec, so that the process that is attached to is sqlite3.
cat >script <<'END'
PRAGMA journal_mode = DELETE;
CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT, value REAL);
BEGIN;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
INSERT INTO t SELECT i, 'name ' || (i * 7919 % 20011), i / 3.0 FROM n;
COMMIT;
CREATE INDEX by_name ON t (name);
SELECT count(*), sum(id), round(avg(value), 6) FROM t;
BEGIN;
UPDATE t SET value = value * 2 WHERE id % 3 = 0;
DELETE FROM t WHERE id % 5 = 0;
COMMIT;
SELECT name, value FROM t ORDER BY name LIMIT 10;
BEGIN;
DELETE FROM t;
ROLLBACK;
INSERT INTO t VALUES (1, 'double', 0);
SELECT count(*) FROM t;
VACUUM;
PRAGMA integrity_check;
SELECT count(*) FROM t AS a JOIN t AS b ON a.id = b.id + 1;
END
exec sqlite3 -batch database <script
