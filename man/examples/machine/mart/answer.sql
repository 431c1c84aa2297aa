-- mst: dialect: postgres
-- mst: description: the answers that the demo ends with
-- mst: owner: machine
-- mst: tags: [mart, demo]
-- mst: freq: day
SELECT 'largest sections' AS question, rank, section AS answer,
       pg_size_pretty(bytes) || ' in ' || packages || ' packages, ' || percent || ' %' AS figure
FROM (SELECT *, row_number() OVER (ORDER BY bytes DESC, section) AS rank FROM mart.section) AS s
WHERE rank <= 4
UNION ALL
SELECT 'most depended-on packages', rank, name,
       needed_by || ' packages rest on it, ' || needed_directly_by || ' name it'
FROM (SELECT *, row_number() OVER (ORDER BY needed_by DESC, name) AS rank FROM graph.weight) AS w
WHERE rank <= 4
UNION ALL
SELECT 'what drags in most', rank, name,
       drags_packages || ' more packages, ' || pg_size_pretty(drags_bytes) || ' in all'
FROM (SELECT *, row_number() OVER (ORDER BY drags_bytes DESC, name) AS rank FROM mart.root) AS r
WHERE rank <= 4
UNION ALL
SELECT 'whose work it is', rank, maintainer, packages || ' packages, ' || percent || ' %'
FROM (SELECT *, row_number() OVER (ORDER BY packages DESC, maintainer) AS rank FROM mart.maintainer) AS m
WHERE rank <= 4
UNION ALL
SELECT 'libraries that nothing needs', 1, count(*) || ' libraries', coalesce(pg_size_pretty(sum(bytes)), '0 bytes')
FROM mart.orphan_library
