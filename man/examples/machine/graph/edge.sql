-- mst: dialect: postgres
-- mst: description: package needs package, once for each pair
-- mst: owner: machine
-- mst: tags: [graph, demo]
-- mst: freq: day
SELECT DISTINCT package, needs
FROM pkg.dependency
WHERE kind = 'depends'
