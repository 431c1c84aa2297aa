-- mst: dialect: postgres
-- mst: description: packages that need each other, each with the first name of its circle
-- mst: owner: machine
-- mst: tags: [graph, demo]
-- mst: freq: day
SELECT
  least(a.package, min(a.needs)) AS circle,
  a.package,
  count(*) + 1 AS packages
FROM graph.reach AS a
JOIN graph.reach AS b ON b.package = a.needs AND b.needs = a.package
GROUP BY a.package
