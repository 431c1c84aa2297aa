-- A run that has succeeded, one that has failed, with jobs in every state.
SET search_path TO mst;
INSERT INTO run (id, state, owned, name, plan, jobs, host, pid, version, finished_at, succeeded, failed, error) VALUES
	(1, 'succeeded', true, 'mart', '{"type":"plan","jobs":2}', 2, 'host', 42, '0.1.0', now(), 2, 0, NULL),
	(2, 'failed', true, '', NULL, 9, 'host', 43, '0.1.0', now(), 1, 1, 'owner lost');
INSERT INTO job (run_id, no, name, kind, state, waiting, priority, attempt, started_at, finished_at, line, sql) VALUES
	(1, 1, 'raw.a', 'import', 'succeeded', 0, 1, 1, now(), now(), '{"type":"job","name":"raw.a"}', NULL),
	(1, 2, 'mart.b', 'summary', 'succeeded', 0, 0, 2, now(), now(), '{"type":"job","name":"mart.b"}', 'SELECT 1');
INSERT INTO job (run_id, no, name, kind, state, waiting, priority, started_at, line)
	SELECT 2, n, 'job.' || state, 'summary', state, (state = 'waiting')::int, n, now(), '{"type":"job"}'
	FROM unnest('{waiting,ready,running,parked,succeeded,failed,cancelled,skipped,blocked}'::text[])
		WITH ORDINALITY AS s (state, n);
INSERT INTO edge (run_id, after, job) VALUES (1, 1, 2), (2, 6, 9), (2, 3, 1);
INSERT INTO attempt (run_id, job, attempt, state, started_at, finished_at, rows, bytes, error) VALUES
	(1, 1, 1, 'succeeded', now(), now(), 3, 100, NULL),
	(1, 2, 1, 'failed', now(), now(), NULL, NULL, '{"code":"conflict","message":"deadlock detected","sqlstate":"40P01"}'),
	(1, 2, 2, 'succeeded', now(), now(), 1, NULL, NULL);
RESET search_path;
