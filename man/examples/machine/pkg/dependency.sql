-- mst: dialect: postgres
-- mst: description: which installed package meets each requirement, the first alternative first
-- mst: owner: machine
-- mst: tags: [pkg, demo]
-- mst: freq: day
SELECT DISTINCT ON (q.package, q.kind, q.requirement)
  q.package,
  q.kind,
  q.requirement,
  p.package AS needs,
  p.is_own AS by_name
FROM pkg.requirement AS q
JOIN pkg.provides AS p ON p.provided = q.wanted
WHERE p.package <> q.package
ORDER BY q.package, q.kind, q.requirement, q.alternative, p.is_own DESC, p.package
