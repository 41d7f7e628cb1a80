// Browses with a running Chromium: browse.mjs PORT TABS. Serves generated pages itself and visits them in that many tabs until it is ended: reads, scrolls, searches.
import http from 'node:http';
import { createRequire } from 'node:module';
import zlib from 'node:zlib';
const puppeteer = createRequire(process.cwd() + '/')('puppeteer-core');

let state = 42;
const random = () => ((state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32);
const below = count => Math.floor(random() * count);
const vocabulary = Array.from({ length: 3000 }, () => Array.from({ length: 1 + below(4) }, () => 'anbercadoelfigrahoinkalominoparesatuvexizu'.substr(2 * below(20), 2)).join(''));
const text = count => Array.from({ length: count }, () => vocabulary[Math.floor(3000 ** random()) - 1]).join(' ');

/** A photo of sorts: soft gradients with grain, as a PNG of the given size. */
function picture(width, height) {
  const chunk = (type, data) => {
    const body = Buffer.concat([Buffer.from(type), data]);
    const frame = Buffer.alloc(body.length + 8);
    frame.writeUInt32BE(data.length, 0);
    body.copy(frame, 4);
    frame.writeUInt32BE(zlib.crc32 ? zlib.crc32(body) : crc32(body), frame.length - 4);
    return frame;
  };
  const rows = Buffer.alloc(height * (1 + width * 3));
  const waves = Array.from({ length: 9 }, () => 0.002 + random() * 0.03);
  for (let y = 0, at = 0; y < height; y++) {
    at++;
    for (let x = 0; x < width; x++)
      for (let color = 0; color < 3; color++)
        rows[at++] = 128 + 60 * Math.sin(x * waves[color] + y * waves[color + 3]) + 50 * Math.sin(y * waves[color + 6]) + 12 * random();
  }
  const header = Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 8, 2, 0, 0, 0]);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  return Buffer.concat([Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]), chunk('IHDR', header), chunk('IDAT', zlib.deflateSync(rows, { level: 1 })), chunk('IEND', Buffer.alloc(0))]);
}

function crc32(bytes) {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

const pictures = Array.from({ length: 12 }, () => picture(640 + 80 * below(4), 480));
const image = () => `<img src="/picture/${below(pictures.length)}/${below(1e9)}" width="600" loading="lazy">`;
const page = (title, body) => `<!doctype html><meta charset="utf-8"><title>${title}</title>
<style>body{font:16px sans-serif;max-width:72em;margin:auto}td,th{padding:4px 9px;border-bottom:1px solid #ddd}.card{box-shadow:0 1px 4px #999;border-radius:6px;margin:9px;padding:9px}</style>${body}`;

const sites = {
  article: () => page('Article', `<h1>${text(7)}</h1>` + Array.from({ length: 40 }, (_, at) => `<p>${text(120)}</p>${at % 5 ? '' : image()}`).join('')),
  gallery: () => page('Gallery', Array.from({ length: 18 }, () => `<div class="card">${image()}<p>${text(12)}</p></div>`).join('')),
  table: () => page('Orders', `<table>${Array.from({ length: 1500 }, (_, at) => `<tr><td>${at}<td>${text(2)}<td>${below(1e5) / 100}<td>${text(6)}<td>${below(2) ? 'paid' : 'open'}`).join('')}</table>`),
  mail: () => page('Mail', `<input id="search"><div id="list"></div><script>
    const mails = ${JSON.stringify(Array.from({ length: 2500 }, (_, id) => ({ id, from: text(2), subject: text(6), body: text(40) })))};
    function show(word) {
      document.getElementById('list').replaceChildren(...mails.filter(mail => mail.body.includes(word)).slice(0, 300).map(mail => {
        const card = document.createElement('div'); card.className = 'card'; card.textContent = mail.from + ': ' + mail.subject; return card; }));
    }
    document.getElementById('search').oninput = event => show(event.target.value); show('');</script>`),
  chart: () => page('Dashboard', `<canvas id="chart" width="1200" height="600"></canvas><script>
    const series = Array.from({ length: 6 }, () => []); const draw = document.getElementById('chart').getContext('2d');
    setInterval(() => { draw.clearRect(0, 0, 1200, 600);
      for (const [at, points] of series.entries()) { points.push({ value: 50 + 30 * Math.random() + 60 * at, when: Date.now() }); if (points.length > 1200) points.shift();
        draw.beginPath(); points.forEach((point, x) => draw.lineTo(x, 600 - point.value)); draw.strokeStyle = 'hsl(' + 60 * at + ' 70% 40%)'; draw.stroke(); } }, 100);</script>`),
};

const server = http.createServer((request, response) => {
  const [, kind, number] = request.url.split('/');
  if (kind === 'picture') {
    response.setHeader('content-type', 'image/png');
    response.end(pictures[Number(number)]);
  } else {
    response.setHeader('content-type', 'text/html');
    response.end(sites[kind]?.() ?? '');
  }
});
await new Promise(resolve => server.listen(0, '127.0.0.1', resolve));
const address = `http://127.0.0.1:${server.address().port}`;

const browser = await puppeteer.connect({ browserURL: `http://127.0.0.1:${process.argv[2]}`, defaultViewport: { width: 1280, height: 900 }, protocolTimeout: 120_000 });
const tabs = [];
for (let index = 0; index < Number(process.argv[3]); index++) tabs.push(await browser.newPage());
console.log('ready');
const kinds = Object.keys(sites);
for (let visit = 0; ; visit++) {
  const tab = tabs[visit % tabs.length];
  const kind = kinds[visit < kinds.length ? visit : below(kinds.length)];
  try {
    await tab.bringToFront();
    if (visit < tabs.length || random() < 0.6) await tab.goto(`${address}/${kind}/${visit}`, { waitUntil: 'load', timeout: 60_000 });
    for (let step = 0; step < 4; step++) {
      await tab.evaluate(() => window.scrollBy(0, 700));
      await new Promise(resolve => setTimeout(resolve, 400));
    }
    if (await tab.$('#search')) await tab.type('#search', vocabulary[below(100)].slice(0, 4));
  } catch (error) {
    console.log(`visit ${visit}: ${error.message}`);
  }
}
