-- mst: dialect: postgres
-- mst: kind: view
-- mst: description: what packages ask for or recommend and nothing installed provides
-- mst: owner: machine
-- mst: tags: [pkg, demo]
SELECT q.package, q.kind, q.requirement
FROM pkg.requirement AS q
LEFT JOIN pkg.provides AS p ON p.provided = q.wanted
GROUP BY q.package, q.kind, q.requirement
HAVING count(p.package) = 0
