-- mst: description: the shops and where they are
SELECT * FROM (VALUES (1, 'Bergen'), (2, 'Oslo'), (3, 'Tromsø')) AS v (shop, city)
