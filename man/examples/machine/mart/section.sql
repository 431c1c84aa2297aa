-- mst: dialect: postgres
-- mst: description: packages and bytes of each section of the distribution
-- mst: owner: machine
-- mst: tags: [mart, demo]
-- mst: freq: day
SELECT
  section,
  count(*) AS packages,
  sum(bytes)::bigint AS bytes,
  round(100 * sum(bytes) / nullif(sum(sum(bytes)) OVER (), 0), 1) AS percent,
  (array_agg(name ORDER BY bytes DESC, name))[1] AS largest
FROM pkg.package
GROUP BY section
