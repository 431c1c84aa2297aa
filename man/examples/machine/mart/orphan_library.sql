-- mst: dialect: postgres
-- mst: description: libraries that nothing installed needs or recommends and nobody asked for
-- mst: owner: machine
-- mst: tags: [mart, demo]
-- mst: freq: day
SELECT p.name, p.section, p.bytes, p.summary
FROM pkg.package AS p
WHERE p.section IN ('libs', 'oldlibs', 'libdevel', 'introspection')
  AND NOT p.is_asked_for
  AND NOT EXISTS (SELECT FROM pkg.dependency AS d WHERE d.needs = p.name)
