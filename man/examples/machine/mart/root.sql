-- mst: dialect: postgres
-- mst: description: packages that nothing else needs, with all that each keeps on the machine alone
-- mst: owner: machine
-- mst: tags: [mart, demo]
-- mst: freq: day
-- A package is kept by one root alone when no other root reaches it.
WITH root AS (
  SELECT name FROM graph.weight WHERE needed_by = 0
), held AS (
  SELECT r.needs AS name, min(r.package) AS root, count(*) AS roots
  FROM graph.reach AS r
  JOIN root ON root.name = r.package
  GROUP BY r.needs
)
SELECT
  p.name,
  p.is_asked_for,
  p.is_essential,
  p.bytes,
  w.drags_packages,
  w.drags_bytes,
  count(k.name) AS alone_packages,
  (p.bytes + coalesce(sum(k.bytes), 0))::bigint AS alone_bytes
FROM root
JOIN pkg.package AS p USING (name)
JOIN graph.weight AS w USING (name)
LEFT JOIN held ON held.root = p.name AND held.roots = 1
LEFT JOIN pkg.package AS k ON k.name = held.name
GROUP BY p.name, p.is_asked_for, p.is_essential, p.bytes, w.drags_packages, w.drags_bytes
