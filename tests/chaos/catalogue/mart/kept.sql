-- mst: dialect: postgres
-- mst: kind: materialized
SELECT gen, count(*) AS n FROM mart.appended GROUP BY gen
