// A trace as Apache Arrow for JavaScript sees it. Once in this folder: npm ci
//   node trace.mjs read TRACE                 prints fields, metadata and rows as JSON, numbers as text (64 bits do not fit into JSON's)
//   node trace.mjs write TRACE OUT none|lz4   writes it again, by that library, which declares compressed lengths as uncompressed ones (21.2.0)
import { readFileSync, writeFileSync } from 'node:fs';
import { CompressionType, compressionRegistry, tableFromIPC, tableToIPC } from 'apache-arrow';
import { decompress as unzstd } from 'fzstd';
import lz4 from 'lz4js';

// Absent validity bitmaps are empty buffers, of which the library asks the codec, too.
compressionRegistry.set(CompressionType.LZ4_FRAME, { encode: (data) => lz4.compress(data), decode: (data) => (data.length > 0 ? lz4.decompress(data) : data) });
// fzstd may answer with a view into its input, which the library then takes for an array of 64-bit numbers: copied, it is aligned.
compressionRegistry.set(CompressionType.ZSTD, { decode: (data) => unzstd(data).slice() });

const [mode, file, output, compression] = process.argv.slice(2);
const table = tableFromIPC(readFileSync(file));
if (mode === 'read') {
  const columns = table.schema.fields.map((_, index) => table.getChildAt(index).toArray());
  process.stdout.write(JSON.stringify({
    fields: table.schema.fields.map((field) => [field.name, field.type.toString(), field.nullable]),
    metadata: Object.fromEntries(table.schema.metadata),
    batches: table.batches.map((batch) => batch.numRows),
    rows: Array.from({ length: table.numRows }, (_, row) => columns.map((column) => String(column[row]))),
  }));
} else {
  writeFileSync(output, tableToIPC(table, 'file', compression === 'lz4' ? CompressionType.LZ4_FRAME : null));
}
