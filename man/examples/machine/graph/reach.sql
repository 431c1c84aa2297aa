-- mst: dialect: postgres
-- mst: description: everything that a package needs, directly or through others
-- mst: owner: machine
-- mst: tags: [graph, demo]
-- mst: freq: day
-- UNION, not UNION ALL: packages do need each other in circles.
WITH RECURSIVE reach AS (
  SELECT package, needs FROM graph.edge
  UNION
  SELECT r.package, e.needs
  FROM reach AS r
  JOIN graph.edge AS e ON e.package = r.needs
)
SELECT package, needs FROM reach WHERE package <> needs
