-- mst: dialect: postgres
-- mst: kind: view
SELECT gen, 2 * n AS n FROM mart.counted
