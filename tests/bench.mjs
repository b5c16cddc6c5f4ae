// Measures the page in Chromium; `cargo xtask bench` starts it, answers its questions, and makes the table. A line on its output is a
// question, answered by a line on its input, or in the end the figures: JSON each.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { brotliCompress } from 'node:zlib';
import { chromium } from '@playwright/test';

const { CHROMIUM, EVM_LANES_ISOLATED, EVM_LANES_PLAIN, EVM_LANES_DIST } = process.env;
// Names of scenarios, and files of real blocks.
const inputs = process.argv.slice(2);
const TIME_LIMIT = 120_000;
const FIRST_PICTURES = 5;
// The page warms up by itself; browsers go on optimising for some runs after that, beside them. These runs of a fresh
// page do not count.
const WARM_UPS = 4;
// With two workers a run counts if the two cores were two right before and right after it.
const WANTED = 7;
const MOST_RUNS = 14;
// Where fewer are left there is another visit in the end.
const VISITS = 2;
// Without threads.
const SINGLE_RUNS = 7;
// What the page does after a run, before anybody is asked about the cores, in milliseconds.
const CALM = 100;

const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor((numbers.length - 1) / 2)];

const lines = createInterface({ input: process.stdin });
const answers = lines[Symbol.asyncIterator]();

/** Asks the program that started this one. */
async function ask(question) {
  process.stdout.write(`${JSON.stringify(question)}\n`);
  const { value, done } = await answers.next();
  if (done) throw new Error('nobody answers');
  return JSON.parse(value);
}

/** Whether the two cores are threads of one. */
const shared = async () => (await ask('probe')).shared;

/** How long our own native run of that scenario takes, in order, in nanoseconds. */
const native = async (scenario) => (await ask({ sequential: scenario })).time;

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
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, serviceWorkers: 'block' });
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

/** The page's own medians of its latest run, in nanoseconds. */
async function times(page) {
  const { equal, sequentialTime, parallelTime } = await page.evaluate(() => ({ ...document.documentElement.dataset }));
  if (equal !== 'true') throw new Error('a run was not equal to sequential');
  return { sequential: Number(sequentialTime), parallel: Number(parallelTime) };
}

/** One more run. */
async function run(page) {
  await page.getByRole('button', { name: /^▶? ?Run/ }).click();
  await page.waitForFunction(() => document.documentElement.dataset.phase === 'running');
  await done(page);
  await page.waitForTimeout(CALM);
  return times(page);
}

async function warmUp(page) {
  await done(page);
  for (let i = 1; i < WARM_UPS; i += 1) await run(page);
}

/** Runs on two workers, until enough of them count. */
async function onWorkers(page) {
  await warmUp(page);
  const runs = [];
  let before = await shared();
  for (let left = WANTED; left > 0 && runs.length < MOST_RUNS; ) {
    const measured = await run(page);
    const after = await shared();
    runs.push({ ...measured, shared: before || after });
    left -= before || after ? 0 : 1;
    before = after;
  }
  return runs;
}

/** Runs without threads, by turns with native ones. */
async function byTurns(page, scenario) {
  await warmUp(page);
  const runs = [];
  let before = await native(scenario);
  while (runs.length < SINGLE_RUNS) {
    const { sequential } = await run(page);
    const after = await native(scenario);
    runs.push({ sequential, native: [before, after] });
    before = after;
  }
  return runs;
}

const files = (folder) =>
  readdirSync(folder, { recursive: true }).filter((name) => name.endsWith('.wasm')).sort();
const sizes = await Promise.all(
  files(EVM_LANES_DIST).map(async (name) => {
    const bytes = readFileSync(join(EVM_LANES_DIST, name));
    const kind = name.includes('threads') ? 'engine, threads' : name.includes('single') ? 'engine, single' : 'page';
    return [kind, bytes.length, (await promisify(brotliCompress)(bytes)).length];
  }),
);

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

/** Shows a scenario or a real block in a fresh page. */
async function open(page, base, input) {
  const number = numberOf(input);
  const measured = 'clock=measured&strategy=block-stm&lanes=2';
  if (number === undefined) {
    await page.goto(`${base}?s=${input}&${measured}`);
    return;
  }
  await page.goto(`${base}?${measured}`);
  await done(page);
  await page.locator('input[type=file][data-open]').setInputFiles(input);
  await page.waitForFunction((title) => document.documentElement.dataset.scenario === title, `Block ${number}`);
}

const numberOf = (input) => /(\d+)\.json/.exec(input)?.[1];

const blocks = inputs.map((input) => ({ input, name: numberOf(input) ?? input, threads: [], single: [] }));
for (let visit = 0; visit < VISITS; visit += 1) {
  for (const { input, name, threads, single } of blocks) {
    if (threads.filter((run) => !run.shared).length >= WANTED) continue;
    process.stderr.write(`  ${name}\n`);
    threads.push(...(await withPage(async (page) => (await open(page, EVM_LANES_ISOLATED, input), onWorkers(page)))));
    if (visit > 0 || numberOf(input) !== undefined) continue;
    single.push(...(await withPage(async (page) => (await open(page, EVM_LANES_PLAIN, input), byTurns(page, name)))));
  }
}
await browser.close();
const figures = {
  sizes,
  firstPicture: median(pictures),
  blocks: blocks.map(({ name, threads, single }) => ({ name, threads, single })),
};
console.log(JSON.stringify({ figures }));
lines.close();
