-- mst: dialect: postgres
-- mst: description: on whose work this machine rests
-- mst: owner: machine
-- mst: tags: [mart, demo]
-- mst: freq: day
SELECT
  p.maintainer,
  count(*) AS packages,
  sum(p.bytes)::bigint AS bytes,
  round(100.0 * count(*) / sum(count(*)) OVER (), 1) AS percent,
  max(w.needed_by) AS most_needed
FROM pkg.package AS p
JOIN graph.weight AS w USING (name)
GROUP BY p.maintainer
