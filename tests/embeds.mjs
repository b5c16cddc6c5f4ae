// Measures embeds in Chromium: bytes, time and memory before and after a click, with ten on a page.
//
//   node tests/embeds.mjs dist [rounds]
//
// `dist` is the optimised site, as `./x build` makes it. It is served with brotli, as static hosts send it, from `localhost`; the
// host page comes from 127.0.0.1, which is another site, so its frames have a process of their own. Bytes are counted by the
// server. Memory is the proportional share (Pss) of all processes that render, from /proc.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readFile, readdir } from 'node:fs/promises';
import { createServer } from 'node:http';
import { loadavg } from 'node:os';
import { extname, join, normalize } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress } from 'node:zlib';
import { chromium } from '@playwright/test';

const [dist, rounds = '5'] = process.argv.slice(2);
if (!dist) throw new Error('node tests/embeds.mjs dist [rounds]');
/** The element drops a frame that was out of view for a minute. */
const AWAY_MS = 70_000;
const EMBEDS = 10;
const SCENARIOS = ['one-pool', 'payments', 'nft-mint', 'two-pools', 'hot-counter'];
const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.wasm': 'application/wasm',
  '.svg': 'image/svg+xml',
};

let sent = 0;
const files = new Map();
const compress = promisify(brotliCompress);

/** A file of the site, compressed once. */
async function file(path) {
  if (!files.has(path)) {
    const bytes = await readFile(join(dist, path));
    const tag = `"${createHash('sha256').update(bytes).digest('hex').slice(0, 16)}"`;
    files.set(path, { tag, body: await compress(bytes) });
  }
  return files.get(path);
}

const listen = (server, host) => new Promise((resolve) => server.listen(0, host, () => resolve(server.address().port)));

const site = createServer(async ({ url, headers }, response) => {
  const path = normalize(new URL(url, 'http://site').pathname);
  const common = { 'access-control-allow-origin': '*', 'cross-origin-resource-policy': 'cross-origin', 'cache-control': 'no-cache' };
  try {
    const { tag, body } = await file(path.endsWith('/') ? `${path}index.html` : path);
    if (headers['if-none-match'] === tag) return void response.writeHead(304, { ...common, etag: tag }).end();
    sent += body.length;
    response.writeHead(200, { ...common, etag: tag, 'content-type': TYPES[extname(path)] ?? 'application/octet-stream', 'content-encoding': 'br' });
    response.end(body);
  } catch {
    response.writeHead(404, common).end();
  }
});
const port = await listen(site, '127.0.0.1');

const embeds = Array.from({ length: EMBEDS }, (_, i) => `<p>Embed ${i + 1}</p><evm-lanes scenario="${SCENARIOS[i % SCENARIOS.length]}" loading="click"></evm-lanes>`);
const html = `<!doctype html><html lang="en"><head><title>Ten embeds</title><link rel="icon" href="data:,">
  <script src="http://localhost:${port}/embed.js" async></script></head><body>${embeds.join('')}<div style="height:5000px"></div></body></html>`;
const host = createServer((_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end(html));
const address = `http://127.0.0.1:${await listen(host, '127.0.0.1')}/`;

const launch = () =>
  chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: [...(process.getuid?.() === 0 ? ['--no-sandbox'] : []), '--disable-gpu', '--disable-background-networking', '--site-per-process'],
  });

/** What the processes that render hold, in MB, a moment later. */
async function memory(browser, page) {
  await page.waitForTimeout(1_500);
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  await session.detach();
  const pss = (id) => {
    try {
      return Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${id}/smaps_rollup`, 'utf8'))?.[1] ?? 0);
    } catch {
      return 0;
    }
  };
  return processInfo.filter(({ type }) => type === 'renderer').reduce((sum, { id }) => sum + pss(id), 0) / 1024;
}

/** Starts the nth embed; how long it took until its frame showed a run. */
const start = (page, n) =>
  page.locator('evm-lanes').nth(n).evaluate(
    (element) =>
      new Promise((resolve) => {
        const box = element.shadowRoot.querySelector('.box');
        element.scrollIntoView();
        const from = performance.now();
        element.addEventListener('result', () => {
          const look = () => (box.classList.contains('waiting') ? requestAnimationFrame(look) : resolve(performance.now() - from));
          look();
        }, { once: true });
        box.querySelector('button').click();
      }),
  );

async function measure(isLast) {
  const browser = await launch();
  const page = await (await browser.newContext({ viewport: { width: 1280, height: 900 } })).newPage();
  page.setDefaultTimeout(60_000);
  const found = {};
  sent = 0;
  await page.goto(address, { waitUntil: 'commit' });
  // The first picture that a reader sees, from navigation.
  found.poster = await page.evaluate(
    () =>
      new Promise((resolve) => {
        const look = () => {
          const image = document.querySelector('evm-lanes')?.shadowRoot?.querySelector('img');
          if (image?.complete && image.naturalWidth > 0) image.decode().then(() => resolve(performance.now()));
          else requestAnimationFrame(look);
        };
        look();
      }),
  );
  await page.waitForLoadState('load');
  // Images further down come when they are scrolled to.
  for (let i = 0; i < EMBEDS; i += 1) await page.locator('evm-lanes').nth(i).scrollIntoViewIfNeeded();
  await page.waitForLoadState('networkidle');
  found.postersBytes = sent;
  found.memoryPosters = await memory(browser, page);
  sent = 0;
  found.first = await start(page, 0);
  await page.waitForLoadState('networkidle');
  found.firstBytes = sent;
  found.memoryOne = await memory(browser, page);
  sent = 0;
  found.second = await start(page, 1);
  await page.waitForLoadState('networkidle');
  found.secondBytes = sent;
  if (isLast) {
    for (let i = 2; i < EMBEDS; i += 1) await start(page, i);
    found.memoryTen = await memory(browser, page);
    await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
    await page.waitForTimeout(AWAY_MS);
    found.frames = page.frames().length - 1;
    found.memoryAway = await memory(browser, page);
  }
  await browser.close();
  return found;
}

// What frames without threads load is compressed before anything is measured.
for (const entry of await readdir(dist, { recursive: true, withFileTypes: true })) {
  const path = join(entry.parentPath, entry.name).slice(join(dist).length);
  if (entry.isFile() && !/threads|catalogue|lessons/.test(path)) await file(path);
}
const load = loadavg()[0];
// Once, uncounted: the system reads the browser.
await measure(false);
const all = [];
for (let round = 1; round <= Number(rounds); round += 1) all.push(await measure(round === Number(rounds)));
const median = (name) => {
  const values = all.map((found) => found[name]).filter((value) => value !== undefined).toSorted((a, b) => a - b);
  return values[Math.floor((values.length - 1) / 2)];
};
const kB = (name) => `${(median(name) / 1000).toFixed(1)} kB`;
const ms = (name) => `${(median(name) / 1000).toFixed(2)} s`;
const MB = (name) => `${median(name).toFixed(0)} MB`;
console.log(`| ten embeds on a page, median of ${rounds} | bytes (brotli) | time | memory |
| --- | --- | --- | --- |
| element and ten pictures | ${kB('postersBytes')} | first picture after ${ms('poster')} | ${MB('memoryPosters')} |
| first click | ${kB('firstBytes')} | run shown after ${ms('first')} | ${MB('memoryOne')} |
| second click | ${kB('secondBytes')} | run shown after ${ms('second')} | |
| all ten run | | | ${MB('memoryTen')} |
| out of view for a minute | | | ${MB('memoryAway')}, ${median('frames')} frames |

load of the machine before: ${load.toFixed(1)}, after: ${loadavg()[0].toFixed(1)}`);
host.close();
site.close();
process.exit();
