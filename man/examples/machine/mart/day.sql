-- mst: dialect: postgres
-- mst: description: what was installed or brought up to date on which day
-- mst: owner: machine
-- mst: tags: [mart, demo]
-- mst: freq: day
SELECT
  (to_timestamp(t.epoch) AT TIME ZONE 'UTC')::date AS day,
  count(*) AS packages,
  sum(p.bytes)::bigint AS bytes
FROM raw.installed_at AS t
JOIN pkg.package AS p USING (name)
GROUP BY 1
