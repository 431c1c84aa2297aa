-- mst: dialect: postgres
-- mst: description: every name that an installed package answers to, its own and the virtual ones
-- mst: owner: machine
-- mst: tags: [pkg, demo]
-- mst: freq: day
SELECT name AS provided, name AS package, true AS is_own
FROM raw.package
UNION
SELECT p.provided, p.package, false
FROM (
  SELECT
    split_part(btrim(regexp_replace(item, ' \(.*', '')), ':', 1) AS provided,
    r.name AS package
  FROM raw.package AS r, regexp_split_to_table(r.provides, ',') AS item
) AS p
WHERE p.provided NOT IN ('', p.package)
