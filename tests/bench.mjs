// Measures the page in Chromium and prints one JSON document; `cargo xtask bench` calls it and makes the table.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync } from 'node:zlib';
import { chromium } from '@playwright/test';

const { CHROMIUM, EVM_LANES_ISOLATED, EVM_LANES_PLAIN, EVM_LANES_DIST } = process.env;
// Names of scenarios, and files of real blocks.
const inputs = process.argv.slice(2);
const TIME_LIMIT = 120_000;
const FIRST_PICTURES = 5;
// The page warms up by itself; browsers go on optimising for some runs after that, beside them. What counts are the
// last runs, once they are about as fast as the fastest.
const LEAST_RUNS = 6;
const MOST_RUNS = 14;
const LAST = 3;
const STEADY = 1.06;

const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor((numbers.length - 1) / 2)];

const browser = await chromium.launch({
  executablePath: CHROMIUM,
  args: [
    ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
    '--disable-gpu',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--no-first-run',
  ],
});

async function withPage(use) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  const page = await context.newPage();
  page.setDefaultTimeout(TIME_LIMIT);
  const result = await use(page);
  await context.close();
  return result;
}

// Asked for now and then: Playwright's own way is a question per frame, and drawing frames takes one of the cores that
// are measured.
const NOW_AND_THEN = { polling: 50 };
const done = (page) =>
  page.waitForFunction(() => document.documentElement.dataset.phase === 'done', undefined, NOW_AND_THEN);

/** Medians of the page's own medians in its last runs, in nanoseconds. */
async function times(page) {
  const sequential = [];
  const parallel = [];
  const settled = (times) => times.slice(-LAST).every((time) => time <= STEADY * Math.min(...times));
  await done(page);
  for (;;) {
    const { equal, sequentialTime, parallelTime } = await page.evaluate(() => ({ ...document.documentElement.dataset }));
    if (equal !== 'true') throw new Error('a run was not equal to sequential');
    sequential.push(Number(sequentialTime));
    parallel.push(Number(parallelTime));
    if (sequential.length === MOST_RUNS || (sequential.length >= LEAST_RUNS && settled(sequential))) break;
    await page.getByRole('button', { name: /^▶? ?Run/ }).click();
    await page.waitForFunction(() => document.documentElement.dataset.phase === 'running');
    await done(page);
  }
  return { sequential: median(sequential.slice(-LAST)), parallel: median(parallel.slice(-LAST)) };
}

async function measure(name, open, withoutThreads) {
  const threads = await withPage(async (page) => (await open(page, EVM_LANES_ISOLATED), times(page)));
  const single =
    withoutThreads && (await withPage(async (page) => (await open(page, EVM_LANES_PLAIN), times(page))));
  return { name, single: single?.sequential ?? null, sequential: threads.sequential, twoLanes: threads.parallel };
}

const files = (folder) =>
  readdirSync(folder, { recursive: true }).filter((name) => name.endsWith('.wasm')).sort();
const sizes = files(EVM_LANES_DIST).map((name) => {
  const bytes = readFileSync(join(EVM_LANES_DIST, name));
  const kind = name.includes('threads') ? 'engine, threads' : name.includes('single') ? 'engine, single' : 'page';
  return [kind, bytes.length, brotliCompressSync(bytes).length];
});

const pictures = [];
for (let i = 0; i < FIRST_PICTURES; i += 1) {
  pictures.push(
    await withPage(async (page) => {
      await page.goto(EVM_LANES_ISOLATED);
      await done(page);
      // The frame in which the run is drawn, counted from navigation.
      return page.evaluate(() => new Promise((paint) => requestAnimationFrame(() => paint(performance.now()))));
    }),
  );
}

const runs = [];
for (const input of inputs) {
  const number = /(\d+)\.json/.exec(input)?.[1];
  process.stderr.write(`  ${number ?? input}\n`);
  if (number === undefined) {
    runs.push(await measure(input, (page, base) => page.goto(`${base}?s=${input}&clock=measured&strategy=block-stm&lanes=2`), true));
    continue;
  }
  const open = async (page, base) => {
    await page.goto(`${base}?clock=measured&strategy=block-stm&lanes=2`);
    await done(page);
    await page.locator('input[type=file][data-open]').setInputFiles(input);
    await page.waitForFunction((title) => document.documentElement.dataset.scenario === title, `Block ${number}`);
  };
  runs.push(await measure(number, open, null));
}
await browser.close();
console.log(JSON.stringify({ sizes, firstPicture: median(pictures), runs }));
