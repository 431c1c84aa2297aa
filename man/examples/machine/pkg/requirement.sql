-- mst: dialect: postgres
-- mst: description: dependencies as written, one row for each alternative, without versions
-- mst: owner: machine
-- mst: tags: [pkg, demo]
-- mst: freq: day
-- "default-mta | mail-transport-agent (>= 1)" is one requirement with two alternatives.
SELECT DISTINCT
  r.name AS package,
  kind.name AS kind,
  btrim(need.text) AS requirement,
  alternative.number::int AS alternative,
  split_part(btrim(regexp_replace(alternative.text, ' [(\[].*', '')), ':', 1) AS wanted,
  substring(alternative.text FROM '\(([^)]*)\)') AS version
FROM raw.package AS r
CROSS JOIN LATERAL (VALUES ('depends', r.depends), ('recommends', r.recommends)) AS kind (name, list)
CROSS JOIN LATERAL regexp_split_to_table(kind.list, ',') AS need (text)
CROSS JOIN LATERAL regexp_split_to_table(need.text, '\|') WITH ORDINALITY AS alternative (text, number)
WHERE btrim(alternative.text) <> ''
  -- what rpm asks of itself
  AND btrim(alternative.text) NOT LIKE 'rpmlib(%'
