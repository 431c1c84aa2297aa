-- A run of a team that was taken up again, a job that waits outside, what they said.
SET search_path TO mst;
INSERT INTO team (name) VALUES ('mart');
INSERT INTO run (id, state, owned, name, jobs, created_by, owned_by, host, pid, version, started_at, team, labels, retries) VALUES
	(1, 'running', true, 'mart', 2, 'alice', 'bob', 'host', 42, '0.1.0', now(), 'mart', '{"why":"month end"}', 1);
INSERT INTO job (run_id, no, name, kind, state, waiting, priority, attempt, started_at, line, team, wake_key, wake_deadline) VALUES
	(1, 1, 'raw.a', 'external', 'parked', 0, 1, 2, now(), '{"type":"job","name":"raw.a"}', 'raw', 'raw.a', now()),
	(1, 2, 'mart.b', 'summary', 'waiting', 1, 0, 0, NULL, '{"type":"job","name":"mart.b"}', NULL, NULL, NULL);
INSERT INTO edge (run_id, after, job) VALUES (1, 1, 2);
INSERT INTO attempt (run_id, job, attempt, state, started_at, finished_at, rows, bytes, error, cpu_us, tests, done_by) VALUES
	(1, 1, 1, 'failed', now(), now(), NULL, NULL, '{"code":"timeout","message":"late"}', 10, '[]', 'alice');
INSERT INTO event (kind, run_id, job, attempt, owner, team, by_user, data) VALUES
	('job_parked', 1, 1, 2, NULL, 'raw', 'bob', '{"state":"parked"}'), ('table_put', NULL, NULL, NULL, 'alice', NULL, 'alice', NULL);
INSERT INTO log (run_id, job, attempt, at, stream, text) VALUES (1, 1, 1, now(), 'stderr', 'no route'), (1, 0, 0, now(), 'note', '');
INSERT INTO log_size (run_id, job, attempt, head) VALUES (1, 1, 1, 9), (1, 0, 0, 1);
RESET search_path;
