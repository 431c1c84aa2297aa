-- mst: description: the best day of each city
-- mst: kind: view
SELECT DISTINCT ON (city) city, day, amount FROM mart.revenue ORDER BY city, amount DESC, day
