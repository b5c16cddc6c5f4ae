// A page that cannot start says why, in words and within seconds.

import { type Page } from '@playwright/test';
import { ISOLATED, PLAIN, attribute, done, expect, root, test } from './page';

/** What the browser itself says of what these tests bring about. */
test.use({ expectedErrors: [/Content Security Policy|WebAssembly|404|Failed to load|MIME type|CORS|sandbox|blocked|CompileError|import/i] });

const place = (page: Page) => page.getByRole('alert').first();

async function says(page: Page, title: RegExp, words: RegExp): Promise<void> {
  await expect(place(page)).toContainText(title, { timeout: 3_000 });
  await expect(place(page)).toContainText(words);
  await expect(page.getByText('Loading the page…')).toHaveCount(0);
}

const WASM = /evm-lanes-web.*\.wasm/;
const SCRIPT = /\/evm-lanes-web[^/]*\.js/;

for (const url of [ISOLATED, PLAIN]) {
  test.describe(`at ${new URL(url).port === new URL(ISOLATED).port ? 'an isolated address' : 'a plain address'}`, () => {
    test('a policy without WebAssembly is named', async ({ page }) => {
      await page.route(url, async (route) => {
        const response = await route.fetch();
        const headers = response.headers();
        headers['content-security-policy'] = headers['content-security-policy'].replace("'wasm-unsafe-eval'", '');
        await route.fulfill({ response, headers });
      });
      await page.goto(url);
      await says(page, /WebAssembly is not allowed here/, /wasm-unsafe-eval/);
    });

    test('a policy without the page’s own script is named', async ({ page }) => {
      await page.route(url, async (route) => {
        const response = await route.fetch();
        const headers = response.headers();
        headers['content-security-policy'] = headers['content-security-policy'].replace(/'sha256-[^']*'/g, '');
        await route.fulfill({ response, headers });
      });
      await page.goto(url);
      await says(page, /script is not allowed here/, /policy/);
    });

    test('a browser without WebAssembly is named', async ({ page }) => {
      await page.addInitScript(() => {
        delete (globalThis as Record<string, unknown>).WebAssembly;
      });
      await page.goto(url);
      await says(page, /no WebAssembly in this browser/, /Lockdown Mode/);
    });

    for (const [file, pattern] of [
      ['WebAssembly', WASM],
      ['script', SCRIPT],
    ] as const) {
      test(`a missing ${file} is named`, async ({ page }) => {
        await page.route(pattern, (route) => route.fulfill({ status: 404, body: 'not found' }));
        await page.goto(url);
        await says(page, /cannot start/, /evm-lanes-web.* is missing \(the server answers 404\)/);
      });

      test(`a web page in place of the ${file} is named`, async ({ page }) => {
        const body = '<!doctype html><title>Sign in</title>';
        await page.route(pattern, (route) => route.fulfill({ contentType: 'text/html', body }));
        await page.goto(url);
        await says(page, /cannot start/, /In place of evm-lanes-web.* came a web page/);
      });

      test(`a ${file} that comes late is waited for, and said`, async ({ page }) => {
        await page.route(pattern, async (route) => {
          await new Promise((resolve) => setTimeout(resolve, 5_000));
          await route.continue().catch(() => {});
        });
        await page.goto(url, { waitUntil: 'commit' });
        await expect(place(page)).toContainText(/still loading/, { timeout: 6_000 });
        await done(page);
        await expect(page.getByText(/still loading/)).toHaveCount(0);
      });
    }
  });
}

/** A frame of the page in a document of another origin. */
async function framed(page: Page, sandbox: string | null): Promise<void> {
  // The same server by its number: another origin, and a document without a policy.
  await page.goto(`${PLAIN.replace('localhost', '127.0.0.1')}nothing`);
  await page.evaluate(
    ([src, sandbox]) => {
      const frame = document.createElement('iframe');
      if (sandbox !== null) frame.setAttribute('sandbox', sandbox);
      Object.assign(frame, { src, width: '1200', height: '800' });
      document.body.replaceChildren(frame);
    },
    [PLAIN, sandbox] as const,
  );
}

test('in a frame of another site the page runs', async ({ page }) => {
  await framed(page, null);
  await expect(page.frameLocator('iframe').locator('html')).toHaveAttribute('data-phase', 'done', { timeout: 30_000 });
});

test('in a frame that may keep its origin the page runs', async ({ page }) => {
  await framed(page, 'allow-scripts allow-same-origin');
  await expect(page.frameLocator('iframe').locator('html')).toHaveAttribute('data-phase', 'done', { timeout: 30_000 });
});

// A site that sends its files to such frames, as the server of these tests does; embed.spec.ts has one that does not.
test('in a frame without its origin the page runs', async ({ page }) => {
  await framed(page, 'allow-scripts');
  await expect(page.frameLocator('iframe').locator('html')).toHaveAttribute('data-phase', 'done');
});

test('without scripts the page says that it needs them', async ({ browser }) => {
  const context = await browser.newContext({ javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto(PLAIN);
  await expect(page.locator('h1')).toHaveText('EVM Lanes needs JavaScript and WebAssembly');
  await context.close();
});

test('where storage is blocked the page runs', async ({ page }) => {
  await page.addInitScript(() => {
    for (const name of ['localStorage', 'sessionStorage', 'indexedDB']) {
      Object.defineProperty(window, name, {
        get() {
          throw new DOMException('The operation is insecure.', 'SecurityError');
        },
      });
    }
  });
  await page.goto(ISOLATED);
  await done(page);
  expect(await attribute(page, 'data-engine')).toBe('threads');
});

for (const [what, answer] of [
  ['missing', { status: 404, body: 'not found' }],
  ['a web page', { contentType: 'text/html', body: '<!doctype html>' }],
] as const) {
  test(`an engine whose worker’s script is ${what} is named`, async ({ page }) => {
    await page.route('**/engine/worker.js', (route) => route.fulfill(answer));
    await page.goto(ISOLATED);
    await expect(place(page)).toContainText(/The engine is not running: .*script/, { timeout: 5_000 });
    await expect(page.getByRole('button', { name: 'Start it again' })).toBeVisible();
  });
}

test('an engine whose WebAssembly is missing is named', async ({ page }) => {
  await page.route('**/engine/**/*.wasm', (route) => route.fulfill({ status: 404, body: 'not found' }));
  await page.goto(ISOLATED);
  await expect(place(page)).toContainText(/The engine is not running/, { timeout: 5_000 });
  await expect(root(page)).not.toHaveAttribute('data-phase', 'running');
});
