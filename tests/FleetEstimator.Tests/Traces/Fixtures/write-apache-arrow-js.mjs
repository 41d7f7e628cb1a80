// Writes apache-arrow-js.arrow, a trace by another Arrow implementation: columns in another order, strings, lists and dictionary-encoded strings
// between them, three record batches of different lengths. Run once in a folder with `npm install apache-arrow@21`:
//   node write-apache-arrow-js.mjs
import { writeFileSync } from 'node:fs';
import {
  Dictionary, Field, Float64, Int32, List, RecordBatch, Schema, Struct, Table, Uint8, Uint16, Uint32, Uint64, Utf8, makeData, tableToIPC,
  vectorFromArray,
} from 'apache-arrow';

const metadata = new Map(Object.entries({
  'fleet-estimator.format': 'page-content-trace',
  'fleet-estimator.version': '1',
  page_size: '4096',
  recorded_at: '2025-06-01T12:00:00.25+02:00',
  recorder: 'apache-arrow-js',
  kernel_release: '6.12.9',
  node: 'node-js',
  memory_bytes: '1073741824',
  swap_bytes: '0',
  access_source: 'exact',
  interval_us: '0',
  sampling_fraction: '0.5',
  fingerprint: 'none',
  codec: 'none',
  'label.class': 'web',
}));

// time_us, op, process, page, pages, content, fill, compressed_bytes
const rows = [
  [0n, 1, 7, 1000n, 16, 0, 0n, 0],
  [10n, 4, 7, 1000n, 4, 1, 0n, 0],
  [10n, 4, 7, 1004n, 4, 2, 0xFEDCBA9876543210n, 64],
  [20n, 9, 7, 1000n, 8, 0, 0n, 0],
  [30n, 3, 7, 1000n, 8, 0, 0n, 0],
  [18446744073709551615n, 12, 7, 0n, 1, 0, 0n, 0],
];
const batches = [rows.slice(0, 1), rows.slice(1, 5), rows.slice(5)];

const words = vectorFromArray(['even', 'odd'], new Utf8());
const wordType = new Dictionary(words.type, new Int32(), 0);
const listType = new List(new Field('item', new Float64(), true));

const primitive = (type, values) => makeData({ type, length: values.length, nullCount: 0, data: type.ArrayType.from(values) });
const number = (name, type, at) => [name, type, (batch) => primitive(type, batch.map((row) => row[at]))];
const columns = [
  number('compressed_bytes', new Uint16(), 7),
  ['word', wordType, (batch) => makeData({
    type: wordType, length: batch.length, nullCount: 0, data: Int32Array.from(batch.map((_, row) => row % 2)), dictionary: words,
  })],
  number('fill', new Uint64(), 6),
  number('content', new Uint8(), 5),
  ['text', new Utf8(), (batch) => vectorFromArray(batch.map((row) => `page ${row[3]}`), new Utf8()).data[0]],
  ['list', listType, (batch) => vectorFromArray(batch.map((row) => [row[4], null]), listType).data[0]],
  number('pages', new Uint32(), 4),
  number('page', new Uint64(), 3),
  number('process', new Uint32(), 2),
  number('op', new Uint8(), 1),
  number('time_us', new Uint64(), 0),
];

const fields = columns.map(([name, type]) => new Field(name, type, true));
const schema = new Schema(fields, metadata);
const recordBatches = batches.map((batch) => new RecordBatch(
  schema,
  makeData({ type: new Struct(fields), length: batch.length, nullCount: 0, children: columns.map(([, , data]) => data(batch)) }),
));
writeFileSync(new URL('apache-arrow-js.arrow', import.meta.url), tableToIPC(new Table(schema, recordBatches), 'file'));
