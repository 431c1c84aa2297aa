#!/usr/bin/env python3
"""Makes a folder of BigQuery SQL that looks like a warehouse's: gen_sql.py FOLDER FILES [SEED]

Datasets are folders, tables are files; the same seed makes the same bytes.  Sizes follow a log-normal
distribution (median 2.9 KB, mean 3.7 KB, a few of 50 KB and more), as folders of production queries
do.  About one file in ten has a header, in thirty a script, in fifty a template.
"""
import os
import random
import sys

WORDS = """account action active address amount app average batch browser bucket build campaign category
channel city client cohort content conversion cost count country created currency customer daily date day
default device discount document duration email engagement error event experiment feature first flag
geo hash hits id impression install invoice item key label language last legacy length level list locale
market measure metric mobile model month name network normalized order os page partner payment period
platform price product profile quantity query rate raw reason region report request retention revenue
sample score search segment session signup size source start state status step store submission subscription
sum surface tag target telemetry time timestamp token total type unique update url usage user value version
view visit volume week window year zone""".split()
DATASETS = ["raw", "staging", "mart", "telemetry_derived", "search_derived", "finance", "ops", "ml_features"]
FUNCS = ["SUM", "COUNT", "MAX", "MIN", "AVG", "ANY_VALUE", "APPROX_COUNT_DISTINCT", "COUNTIF", "LOGICAL_OR"]
PROJECTS = ["acme-data-prod", "acme-shared", "moz-fx-data"]


class Writer:
    def __init__(self, rng, dataset, table):
        self.r = rng
        self.dataset = dataset
        self.table = table
        self.out = []

    def ident(self, n=2):
        return "_".join(self.r.choice(WORDS) for _ in range(self.r.randint(1, n)))

    def table_name(self):
        r = self.r
        name = f"{r.choice(DATASETS)}.{self.ident(3)}_v{r.randint(1, 9)}"
        kind = r.random()
        if kind < 0.45:
            return f"`{r.choice(PROJECTS)}.{name}`"
        if kind < 0.60:
            return f"`{r.choice(PROJECTS)}`.{name}"
        if kind < 0.70:
            return f"{r.choice(PROJECTS)}.{name}"
        if kind < 0.78:
            return f"`{name}_*`"
        return name

    def literal(self):
        r = self.r
        return r.choice(
            [
                lambda: str(r.randint(0, 100000)),
                lambda: f"'{self.ident()}'",
                lambda: f'"{self.ident()} -- {self.ident()}"',
                lambda: f"r'^{self.ident()}[0-9]+(from|join)$'",
                lambda: "@submission_date",
                lambda: f"DATE '20{r.randint(10, 29)}-{r.randint(1, 12):02}-{r.randint(1, 28):02}'",
                lambda: "NULL",
                lambda: f"{r.random() * 100:.3f}",
            ]
        )()

    def expr(self, depth=0):
        r = self.r
        c = self.ident()
        k = r.random()
        if depth > 2 or k < 0.45:
            return f"{r.choice('abct')}.{c}" if r.random() < 0.5 else c
        if k < 0.60:
            return f"{r.choice(FUNCS)}({self.expr(depth + 1)})"
        if k < 0.68:
            return f"COALESCE({self.expr(depth + 1)}, {self.literal()})"
        if k < 0.74:
            return f"EXTRACT({r.choice(['DAY', 'YEAR', 'HOUR'])} FROM {c}_timestamp)"
        if k < 0.80:
            return f"SAFE_CAST({self.expr(depth + 1)} AS {r.choice(['INT64', 'STRING', 'FLOAT64', 'DATE'])})"
        if k < 0.86:
            return f"{self.expr(depth + 1)} + {self.expr(depth + 1)}"
        if k < 0.92:
            return (
                f"ROW_NUMBER() OVER (PARTITION BY {c}, {self.ident()} ORDER BY {self.ident()}_at DESC)"
            )
        return f"REGEXP_EXTRACT({c}, {self.literal()})"

    def case(self):
        lines = ["CASE"]
        for _ in range(self.r.randint(2, 9)):
            lines.append(f"      WHEN {self.ident()} = {self.literal()} THEN {self.literal()}")
        lines.append(f"      ELSE {self.literal()}")
        return "\n".join(lines) + "\n    END"

    def source(self, ctes):
        r = self.r
        if ctes and r.random() < 0.6:
            return r.choice(ctes)
        k = r.random()
        if k < 0.06:
            return f"(SELECT * FROM {self.table_name()} WHERE {self.ident()} IS NOT NULL)"
        return self.table_name()

    def select(self, ctes, pad="  "):
        r = self.r
        out = ["SELECT"]
        for _ in range(r.randint(3, 18)):
            e = self.case() if r.random() < 0.06 else self.expr()
            note = f" -- {self.ident(3)}" if r.random() < 0.05 else ""
            out.append(f"{pad}{e} AS {self.ident(3)},{note}")
        out.append(f"FROM\n{pad}{self.source(ctes)} AS a")
        for alias in "bct"[: r.choice([0, 0, 1, 1, 2, 3])]:
            join = r.choice(["JOIN", "LEFT JOIN", "INNER JOIN", "FULL OUTER JOIN"])
            cond = r.choice(["USING (client_id, submission_date)", f"ON a.{self.ident()} = {alias}.{self.ident()}"])
            out.append(f"{join}\n{pad}{self.source(ctes)} AS {alias}\n{cond}")
        if r.random() < 0.12:
            out.append(f"CROSS JOIN\n{pad}UNNEST(a.{self.ident()}) AS item")
        out.append(f"WHERE\n{pad}submission_date = @submission_date")
        for _ in range(r.randint(0, 4)):
            out.append(f"{pad}AND {self.expr()} {r.choice(['=', '<>', '>=', '<'])} {self.literal()}")
        if r.random() < 0.08:
            out.append(f"{pad}AND {self.ident()} IN (SELECT {self.ident()} FROM {self.table_name()})")
        if r.random() < 0.5:
            out.append("GROUP BY\n" + pad + ", ".join(self.ident() for _ in range(r.randint(1, 6))))
        return "\n".join(out)

    def comment(self):
        r = self.r
        text = " ".join(r.choice(WORDS) for _ in range(r.randint(4, 14)))
        return f"/* {text} from the join of {self.ident()} */" if r.random() < 0.2 else f"-- {text}"

    def text(self, size):
        r = self.r
        out = []
        if r.random() < 0.10:
            out.append(f"-- mst: owner: {r.choice(WORDS)}@example.com")
            out.append(f"-- mst: tags: [{r.choice(WORDS)}, {r.choice(WORDS)}]")
        if r.random() < 0.02:
            out.append("{{ config(materialized='table') }}")
        if r.random() < 0.6:
            out.append(self.comment())
        if r.random() < 0.03:
            out.append(f"DECLARE {self.ident()}_start DATE DEFAULT CURRENT_DATE();")
            out.append(f"CREATE TEMP TABLE tmp_{self.ident()} AS\n{self.select([])};")
        ctes, n = [], 0
        while n < size:
            name = f"{self.ident(3)}_{len(ctes)}"
            body = self.select(ctes, "    ")
            out.append(f"{',' if ctes else 'WITH'} {name} AS (\n{body}\n)")
            if r.random() < 0.3:
                out.append(self.comment())
            ctes.append(name)
            n += len(body)
        out.append(self.select(ctes))
        return "\n".join(out) + "\n"


def main():
    if len(sys.argv) not in (3, 4):
        sys.exit("usage: gen_sql.py FOLDER FILES [SEED]")
    folder, files = sys.argv[1], int(sys.argv[2])
    rng = random.Random(int(sys.argv[3]) if len(sys.argv) > 3 else 1)
    for dataset in DATASETS:
        os.makedirs(os.path.join(folder, dataset), exist_ok=True)
    for i in range(files):
        dataset = DATASETS[i % len(DATASETS)]
        table = f"{rng.choice(WORDS)}_{rng.choice(WORDS)}_{i}"
        size = rng.lognormvariate(6.6, 1.3)
        text = Writer(rng, dataset, table).text(min(size, 200000))
        with open(os.path.join(folder, dataset, table + ".sql"), "w", encoding="ascii") as f:
            f.write(text)


main()
