// Solidity's worker in the browser, under the site's policy: every compiler starts, an ERC-20 with its imports is compiled
// in time, failures are named, a compile can be cancelled, nothing is loaded before it is asked for.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Page } from '@playwright/test';
import { ISOLATED, PLAIN, done, expect, test } from './page';

const SITE = join(__dirname, '../../dist/solc');

type Index = {
  compilers: { version: string; files: { file: string; size: number }[] }[];
  libraries: { name: string; version: string; file: string }[];
};
type Answer = {
  id: number;
  type: 'loading' | 'compiled' | 'failed';
  output?: string;
  cause?: string;
  message?: string;
  part?: string;
  done?: number;
  total?: number;
};
/** What the worker answers, with the time since the request in milliseconds. */
type Timed = Answer & { ms: number };

/** The browser asks for the icon of a document that names none. */
const ICON = /favicon\.ico/;
test.use({ expectedErrors: [ICON] });

let index: Index;
test.beforeAll(() => {
  try {
    index = JSON.parse(readFileSync(join(SITE, 'index.json'), 'utf8'));
  } catch {
    test.skip(true, 'the site has no Solidity compilers: `cargo xtask solidity` makes them');
  }
});

/** A document of the site, with its policy, that loads nothing else. */
async function quiet(page: Page, site: string): Promise<void> {
  const response = await page.goto(`${site}solc/LICENSE.txt`);
  expect(response?.headers()['content-security-policy']).toContain("script-src 'self' 'wasm-unsafe-eval'");
}

/** Starts a worker that later calls of `ask` use. */
const start = (page: Page, address: string) =>
  page.evaluate((address) => {
    Object.assign(globalThis, { solidity: new Worker(address, { type: 'module' }) });
  }, address);

/** Sends one request and waits for its end; returns all answers. */
const ask = (page: Page, version: string, input: string) =>
  page.evaluate(
    ({ version, input }) =>
      new Promise<Timed[]>((resolve, reject) => {
        const { solidity } = globalThis as unknown as { solidity: Worker };
        const id = Math.random();
        const began = performance.now();
        const answers: Timed[] = [];
        solidity.onerror = (event) => reject(new Error(event.message));
        solidity.onmessage = ({ data }: MessageEvent<Answer>) => {
          answers.push({ ...data, ms: performance.now() - began });
          if (data.type !== 'loading') resolve(answers);
        };
        solidity.postMessage({ id, type: 'compile', version, input });
      }),
    { version, input },
  );

const OUTPUTS = ['abi', 'metadata', 'storageLayout', 'evm.bytecode.object', 'evm.deployedBytecode.object'];

const input = (sources: Record<string, string>, own = Object.keys(sources)) =>
  JSON.stringify({
    language: 'Solidity',
    sources: Object.fromEntries(Object.entries(sources).map(([name, content]) => [name, { content }])),
    settings: {
      optimizer: { enabled: true, runs: 200 },
      outputSelection: Object.fromEntries(own.map((name) => [name, { '*': OUTPUTS }])),
    },
  });

const COUNTER = 'contract Counter { uint public count; function hit() public { count += 1; } }';

/** An ERC-20 of one's own, with what it imports. */
function token(amount: string): string {
  const library = index.libraries.at(-1);
  if (!library) throw new Error('no library');
  const packed: { sources: Record<string, string> } = JSON.parse(readFileSync(join(SITE, library.file), 'utf8'));
  const sources: Record<string, string> = {
    'Mine.sol': `pragma solidity ^0.8.20;
import "@openzeppelin/contracts/token/ERC20/ERC20.sol";
contract Mine is ERC20 { constructor() ERC20("Mine", "M") { _mint(msg.sender, ${amount}); } }`,
  };
  for (const path of ['token/ERC20/ERC20.sol', 'token/ERC20/IERC20.sol', 'token/ERC20/extensions/IERC20Metadata.sol',
    'utils/Context.sol', 'interfaces/draft-IERC6093.sol']) {
    sources[`@openzeppelin/contracts/${path}`] = packed.sources[path] ?? '';
  }
  return input(sources, ['Mine.sol']);
}

/** The end of a request, which must be a compilation without errors. */
function compiled(answers: Timed[]) {
  const last = answers.at(-1);
  if (last?.type !== 'compiled') throw new Error(`${last?.cause}: ${last?.message}`);
  const output = JSON.parse(last.output ?? '');
  const errors = (output.errors ?? []).filter((error: { severity: string }) => error.severity === 'error');
  expect(errors).toEqual([]);
  return output;
}

for (const site of [ISOLATED, PLAIN]) {
  test(`every compiler runs under the policy of the ${site === PLAIN ? 'plain' : 'isolated'} site`, async ({ page }) => {
    test.setTimeout(180_000);
    await quiet(page, site);
    await start(page, '/solc/worker.js');
    for (const { version, files } of index.compilers) {
      const answers = await ask(page, version, input({ 'Counter.sol': COUNTER }));
      const { Counter } = compiled(answers).contracts['Counter.sol'];
      expect(Counter.evm.bytecode.object.length).toBeGreaterThan(100);
      expect(JSON.parse(Counter.metadata).compiler.version).toContain(version);
      if (version !== '0.4.26') expect(Counter.storageLayout.storage[0].label).toBe('count');
      // Progress begins at nothing and ends at everything.
      const total = files.reduce((sum, { size }) => sum + size, 0);
      const loading = answers.filter(({ type }) => type === 'loading');
      expect(loading[0]).toMatchObject({ part: 'compiler', done: 0, total });
      expect(loading.at(-1)).toMatchObject({ done: total, total });
      const done = loading.map(({ done }) => done ?? 0);
      expect(done).toEqual([...done].sort((a, b) => a - b));
      console.log(`${version}: loaded in ${loading.at(-1)?.ms.toFixed(0)} ms, compiled at ${answers.at(-1)?.ms.toFixed(0)} ms`);
    }
  });
}

test('an ERC-20 with its imports is compiled within 1.5 s of loading, and again within 0.5 s', async ({ page }) => {
  const version = index.compilers.at(-1)?.version ?? '';
  await quiet(page, ISOLATED);
  // Times are the machine's: the best of three says what the code can do.
  const times: { load: number; first: number; again: number }[] = [];
  for (let round = 0; round < 3; round += 1) {
    await start(page, '/solc/worker.js');
    const answers = await ask(page, version, token('1e24'));
    const { Mine } = compiled(answers).contracts['Mine.sol'];
    expect(Mine.storageLayout.storage[0].label).toBe('_balances');
    const load = answers.filter(({ type }) => type === 'loading').at(-1)?.ms ?? Infinity;
    const first = (answers.at(-1)?.ms ?? Infinity) - load;
    const again: number[] = [];
    for (const amount of ['1e23', '1e22', '1e21']) {
      const answers = await ask(page, version, token(amount));
      compiled(answers);
      again.push(answers.at(-1)?.ms ?? Infinity);
    }
    times.push({ load, first, again: Math.min(...again) });
    await page.evaluate(() => (globalThis as unknown as { solidity: Worker }).solidity.terminate());
  }
  console.log(times.map(({ load, first, again }) => `load ${load.toFixed(0)}, first ${first.toFixed(0)}, again ${again.toFixed(0)} ms`).join('; '));
  expect(Math.min(...times.map(({ first }) => first))).toBeLessThan(1_500);
  expect(Math.min(...times.map(({ again }) => again))).toBeLessThan(500);
});

test('a crash is named, and the same worker compiles again', async ({ page }) => {
  const version = index.compilers.at(-1)?.version ?? '';
  await quiet(page, PLAIN);
  await start(page, '/solc/worker.js');
  const deep = `contract A { function f() public pure returns (uint) { return ${'1+'.repeat(60_000)}1; } }`;
  expect((await ask(page, version, input({ 'A.sol': deep }))).at(-1)).toMatchObject({ type: 'failed', cause: 'crash' });
  compiled(await ask(page, version, input({ 'Counter.sol': COUNTER })));
});

test('a compile is cancelled by ending the worker, and the next one compiles', async ({ page }) => {
  const version = index.compilers.at(-1)?.version ?? '';
  await quiet(page, PLAIN);
  await start(page, '/solc/worker.js');
  compiled(await ask(page, version, input({ 'Counter.sol': COUNTER })));
  // Code that doubles from contract to contract: minutes.
  const grown = Array.from({ length: 24 }, (_, at) => `contract C${at + 2} { function f() public { new C${at + 1}(); new C${at}(); } }`);
  const long = ask(page, version, input({ 'A.sol': `contract C0 {} contract C1 {} ${grown.join('\n')}` }));
  await page.evaluate(() => (globalThis as unknown as { solidity: Worker }).solidity.terminate());
  await start(page, '/solc/worker.js');
  compiled(await ask(page, version, input({ 'Counter.sol': COUNTER })));
  void long.catch(() => {});
});

test.describe('what cannot be loaded', () => {
  test.use({ expectedErrors: [ICON, /404|Failed to load|ERR_/] });

  test('a compiler that is missing or broken is named', async ({ page }) => {
    const version = index.compilers.at(-1)?.version ?? '';
    const source = input({ 'Counter.sol': COUNTER });
    await quiet(page, PLAIN);
    await start(page, '/solc/worker.js');
    const failed = async (version: string) => {
      const { type, cause, message } = (await ask(page, version, source)).at(-1) ?? {};
      return { type, cause, message };
    };
    expect(await failed('0.8.99')).toMatchObject({ type: 'failed', cause: 'load', message: expect.stringContaining('no compiler 0.8.99') });
    await page.context().route(/solc\.wasm/, (route) => route.fulfill({ status: 404, body: '' }));
    expect(await failed(version)).toMatchObject({ cause: 'load', message: expect.stringContaining('404') });
    await page.context().unroute(/solc\.wasm/);
    await page.context().route(/solc\.wasm/, (route) => route.fulfill({ body: '<!doctype html>' }));
    expect(await failed(version)).toMatchObject({ cause: 'load', message: expect.stringContaining('is not the compiler') });
    await page.context().unroute(/solc\.wasm/);
    compiled(await ask(page, version, source));
  });
});

test('the page loads nothing of it until it is asked for, and compiles beside its engine', async ({ page }) => {
  const asked: string[] = [];
  page.context().on('request', (request) => asked.push(new URL(request.url()).pathname));
  await page.goto(ISOLATED);
  await done(page);
  expect(asked.filter((path) => path.includes('solc'))).toEqual([]);
  const version = index.compilers.at(-1)?.version ?? '';
  await start(page, './solc/worker.js');
  compiled(await ask(page, version, token('1')));
  expect(await page.evaluate(() => performance.now())).toBeGreaterThan(0);
});

test.describe('with the service worker', () => {
  test.use({ serviceWorkers: 'allow' });

  test('the worker comes from the cache, the compiler from the host', async ({ page }) => {
    await page.goto(PLAIN);
    const hasWorker = await page.evaluate(async () => {
      const script = await (await fetch('./sw.js')).text();
      if (!script.includes('"files"')) return false;
      await navigator.serviceWorker.ready;
      return true;
    });
    test.skip(!hasWorker, 'a site under construction has no service worker');
    await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
    await page.goto(PLAIN);
    await done(page);
    const kept = await page.evaluate(async () => {
      const caches = await Promise.all((await self.caches.keys()).map((name) => self.caches.open(name)));
      const requests = (await Promise.all(caches.map((cache) => cache.keys()))).flat();
      return requests.map(({ url }) => new URL(url).pathname).filter((path) => path.startsWith('/solc/'));
    });
    expect(kept.sort()).toEqual(['/solc/index.json', '/solc/worker.js']);
    await start(page, './solc/worker.js');
    compiled(await ask(page, index.compilers.at(-1)?.version ?? '', input({ 'Counter.sol': COUNTER })));
  });
});
