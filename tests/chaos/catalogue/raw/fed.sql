-- mst: kind: import
-- mst: dialect: postgres
-- mst: source: src
-- mst: incremental: {column: at, key: [id], overlap: 10m}
SELECT id, at, word FROM public.events
