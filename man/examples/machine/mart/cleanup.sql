-- mst: dialect: postgres
-- mst: kind: view
-- mst: description: what could go, libraries that nothing needs and roots that nobody asked for
-- mst: owner: machine
-- mst: tags: [mart, demo]
SELECT name, bytes, 'a library that nothing needs' AS why FROM mart.orphan_library
UNION ALL
SELECT r.name, r.alone_bytes, 'nothing needs it and nobody asked for it'
FROM mart.root AS r
WHERE NOT r.is_asked_for
  AND NOT r.is_essential
  AND NOT EXISTS (SELECT FROM mart.orphan_library AS o WHERE o.name = r.name)
