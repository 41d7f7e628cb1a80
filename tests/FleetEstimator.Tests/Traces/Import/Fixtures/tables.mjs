// Writes table.csv as Parquet by other programs: DuckDB (pages of version 1 and 2, dictionaries, delta encodings) and Polars. In a folder of its own:
//   npm install @duckdb/node-api nodejs-polars nodejs-polars-linux-x64-gnu && node tables.mjs FIXTURES
import { DuckDBInstance } from '@duckdb/node-api';
import polars from 'nodejs-polars';

const fixtures = process.argv[2];
const connection = await (await DuckDBInstance.create(':memory:')).connect();
// Sixteen times the rows that keep the rules however often they come, so that dictionaries pay.
await connection.run(`
  create table rows as select * exclude (copy, line) replace ((time_us + 100000 * copy)::ubigint as time_us, process::uinteger as process, page::ubigint as page)
  from (select *, row_number() over () as line from read_csv('${fixtures}/table.csv')), range(16) copies(copy)
  where op in ('write', 'access') or (op = 'map' and copy = 0) order by copy, line`);
await connection.run(`copy rows to '${fixtures}/duckdb.parquet' (format parquet, compression snappy)`);
await connection.run(`copy rows to '${fixtures}/duckdb-v2.parquet' (format parquet, compression zstd, parquet_version v2)`);
await connection.run(`copy rows to 'rows.csv'`);
polars.readCSV('rows.csv').writeParquet(`${fixtures}/polars.parquet`, { compression: 'lz4' });
