-- mst: dialect: postgres
-- mst: description: how much each package drags in, and how many packages rest on it
-- mst: owner: machine
-- mst: tags: [graph, demo]
-- mst: freq: day
WITH down AS (
  SELECT r.package, count(*) AS packages, sum(p.bytes) AS bytes
  FROM graph.reach AS r
  JOIN pkg.package AS p ON p.name = r.needs
  GROUP BY r.package
), up AS (
  SELECT needs AS package, count(*) AS packages FROM graph.reach GROUP BY needs
), direct AS (
  SELECT needs AS package, count(*) AS packages FROM graph.edge GROUP BY needs
)
SELECT
  p.name,
  p.bytes,
  coalesce(down.packages, 0) AS drags_packages,
  (p.bytes + coalesce(down.bytes, 0))::bigint AS drags_bytes,
  coalesce(direct.packages, 0) AS needed_directly_by,
  coalesce(up.packages, 0) AS needed_by
FROM pkg.package AS p
LEFT JOIN down ON down.package = p.name
LEFT JOIN up ON up.package = p.name
LEFT JOIN direct ON direct.package = p.name
