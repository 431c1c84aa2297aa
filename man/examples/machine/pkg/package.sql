-- mst: dialect: postgres
-- mst: description: one row for each installed package, sizes in bytes, maintainer taken apart
-- mst: owner: machine
-- mst: tags: [pkg, demo]
-- mst: freq: day
-- Several architectures or versions of one package are one package here.
WITH one AS (
  SELECT
    name,
    string_agg(DISTINCT arch, ' ' ORDER BY arch) AS arch,
    max(version) AS version,
    max(coalesce(nullif(regexp_replace(section, '^.*/', ''), ''), 'unknown')) AS section,
    bool_or(essential = 'yes') AS is_essential,
    sum(coalesce(kib, 0)) * 1024 AS bytes,
    max(coalesce(nullif(source, ''), name)) AS source,
    max(maintainer) AS maintainer,
    max(summary) AS summary
  FROM raw.package
  GROUP BY name
)
SELECT
  one.name,
  one.arch,
  one.version,
  one.section,
  one.is_essential,
  one.bytes::bigint AS bytes,
  one.source,
  coalesce(nullif(btrim(regexp_replace(one.maintainer, '<[^>]*>', ''), ' "'), ''), 'nobody') AS maintainer,
  substring(one.maintainer FROM '<([^>]*)>') AS maintainer_email,
  one.summary,
  EXISTS (SELECT FROM raw.asked_for AS a WHERE split_part(a.name, ':', 1) = one.name) AS is_asked_for
FROM one
