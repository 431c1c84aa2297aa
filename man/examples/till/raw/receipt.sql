-- mst: description: the receipts of the tills
-- mst: kind: import
-- mst: source: till
-- mst: incremental: {column: id, key: id}
SELECT id, shop, at, amount FROM receipt
