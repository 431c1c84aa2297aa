-- mst: dialect: postgres
-- mst: tests:
-- mst:   - not_null: [gen, n]
-- mst:   - unique: [gen]
-- mst:   - rows: {min: 1}
-- mst:   - foreign_key: {column: gen, table: mart.appended, to: gen}
SELECT gen, count(*) AS n, pg_sleep(0.03)::text AS nothing FROM mart.appended GROUP BY gen
