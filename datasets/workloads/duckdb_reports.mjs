// An analyst's session in DuckDB: a star schema in memory-limited DuckDB, one report after another until it is ended.
import { createRequire } from 'node:module';
const { DuckDBInstance } = createRequire(process.cwd() + '/')('@duckdb/node-api');

const instance = await DuckDBInstance.create(process.argv[2], { memory_limit: '192MB', threads: '2' });
const connection = await instance.connect();
await connection.run(`SELECT setseed(0.42);
CREATE TABLE customers AS SELECT range AS id, 'Customer ' || md5(range::VARCHAR) AS name, (random() * 25)::INT AS country, (random() * 5)::INT AS segment FROM range(80000);
CREATE TABLE parts AS SELECT range AS id, md5((range * 7)::VARCHAR) AS label, (random() * 40)::INT AS brand, round(10 + random() * 900, 2) AS price FROM range(60000);
CREATE TABLE sales AS SELECT range AS id, (pow(random(), 2) * 80000)::INT AS customer, (pow(random(), 2) * 60000)::INT AS part, 1 + (random() * 9)::INT AS amount,
  DATE '2022-01-01' + (random() * 1000)::INT AS day, round(random() * 0.2, 2) AS discount FROM range(3000000);`);

const reports = [
  'SELECT year(day), quarter(day), brand, sum(amount * price * (1 - discount)) FROM sales JOIN parts ON part = parts.id GROUP BY ALL ORDER BY 1, 2, 4 DESC',
  `SELECT name, turnover, rank() OVER (PARTITION BY country ORDER BY turnover DESC) AS place FROM (SELECT customers.name, country, sum(amount * price) AS turnover
     FROM sales JOIN customers ON customer = customers.id JOIN parts ON part = parts.id GROUP BY ALL) QUALIFY place <= 5 ORDER BY country, place`,
  'SELECT count(*) FROM (SELECT customer, part, count(*) FROM sales WHERE amount > 3 GROUP BY ALL HAVING count(*) > 2)',
  `SELECT segment, quantile_cont(basket, [0.5, 0.9, 0.99]) FROM (SELECT customer, day, sum(amount * price) AS basket
     FROM sales JOIN parts ON part = parts.id GROUP BY ALL) JOIN customers ON customer = customers.id GROUP BY segment`,
  'SELECT a.part, b.part, count(*) AS n FROM sales a JOIN sales b ON a.customer = b.customer AND a.day = b.day AND a.part < b.part WHERE a.amount > 8 GROUP BY ALL ORDER BY n DESC LIMIT 20',
  `SELECT day, sum(amount) AS sold, avg(sum(amount)) OVER (ORDER BY day ROWS 28 PRECEDING) FROM sales GROUP BY day ORDER BY day`,
];
for (let number = 0; ; number++) {
  const begin = Date.now();
  const result = await connection.runAndReadAll(reports[number % reports.length]);
  console.log(`report ${number % reports.length}: ${result.currentRowCount} rows in ${Date.now() - begin} ms`);
  await new Promise(resolve => setTimeout(resolve, 500));
}
