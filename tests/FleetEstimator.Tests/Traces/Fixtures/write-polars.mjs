// Writes polars-uncompressed.arrow, polars-lz4.arrow and polars-zstd.arrow: the eight columns behind a string column, by the Rust implementation
// that Polars carries (strings as views, buffers aligned to 64 bytes). Polars cannot write schema metadata, so these are not whole traces. Run once
// in a folder with `npm install nodejs-polars@0.26`:
//   node write-polars.mjs
import pl from 'nodejs-polars';

const rows = Array.from({ length: 40 }, (_, row) => row);
const column = (name, type, valueOf) => [name, pl.Series(name, rows.map(valueOf), type)];
for (const compression of ['uncompressed', 'lz4', 'zstd']) {
  pl.DataFrame(Object.fromEntries([
    column('note', pl.Utf8, (row) => `a string too long to be kept inside its view, number ${row}`),
    column('time_us', pl.UInt64, (row) => BigInt(row * 10)),
    column('op', pl.UInt8, (row) => 1 + (row % 22)),
    column('process', pl.UInt32, (row) => row * 3),
    column('page', pl.UInt64, (row) => BigInt(row * row)),
    column('pages', pl.UInt32, (row) => row + 1),
    column('content', pl.UInt8, (row) => row % 4),
    column('fill', pl.UInt64, (row) => BigInt(row * 7)),
    column('compressed_bytes', pl.UInt16, (row) => row),
  ])).writeIPC(`polars-${compression}.arrow`, { compression });
}
