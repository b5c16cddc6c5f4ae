// What must work in Firefox, too: the page, a lesson, and frames in other pages. The console's errors are counted, as in
// every test.

import { type Element, ISOLATION, at, framed, host, pages, ran, serveHosts } from './host';
import { ISOLATED, PLAIN, attribute, colours, done, expect, open, root, test } from './page';

serveHosts();

/** For a picture Playwright writes the style `body {}` into each frame, which the page's policy forbids: this is its hash. */
const OF_PICTURES = /sha256-YjaKGiklmzC6wjXA513HAMmzus8VE61XCOT\+SmwNZWA=/;
test.use({ expectedErrors: [OF_PICTURES] });

test('the page starts with a recorded run, and this machine confirms it', async ({ page }) => {
  await open(page, PLAIN);
  await expect(root(page)).toHaveAttribute('data-picture', 'confirmed');
  expect(await attribute(page, 'data-engine')).toBe('single');
  expect(await attribute(page, 'data-clock')).toBe('simulated');
  await expect(page.getByText(/equal to sequential/i).first()).toBeVisible();
  await expect(page.getByRole('alert')).toHaveCount(0);
  expect(await colours(page, '#lanes canvas')).toBeGreaterThan(3);
  await page.screenshot({ path: 'artefacts/firefox-page.png' });
});

test('an isolated page measures on threads', async ({ page }) => {
  await open(page, ISOLATED);
  expect(await attribute(page, 'data-engine')).toBe('threads');
  const simulated = await attribute(page, 'data-trace-hash');
  await page.getByRole('button', { name: /^Run on your/ }).click();
  await expect(root(page)).toHaveAttribute('data-clock', 'measured');
  await done(page);
  expect(await attribute(page, 'data-trace-hash')).not.toBe(simulated);
  await expect(page.getByText(/equal to sequential/i).first()).toBeVisible();
});

test('a link opens to the same trace', async ({ page, browser }) => {
  await open(page, `${PLAIN}?s=payments&lanes=3&strategy=ordered-commit&clock=simulated`);
  await page.locator('#lanes-overlay').focus();
  await page.keyboard.press('j');
  await expect.poll(() => page.url()).toContain('tx=');
  const copy = await (await browser.newContext()).newPage();
  await open(copy, page.url());
  for (const name of ['data-trace-hash', 'data-lanes', 'data-strategy', 'data-scenario']) {
    expect(await attribute(copy, name), name).toBe(await attribute(page, name));
  }
  await copy.context().close();
});

test('a lesson is done by keyboard alone', async ({ page }) => {
  await page.goto(`${PLAIN}?lesson=two-lanes`);
  await expect(root(page)).toHaveAttribute('data-phase', 'idle');
  /** Tab until that has the focus: nothing is reached in any other way. */
  const tab = async (name: RegExp) => {
    for (let i = 0; i < 60; i += 1) {
      await page.keyboard.press('Tab');
      const text = await page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent ?? '');
      if (name.test(text.trim())) return;
    }
    throw new Error(`Tab does not reach ${name}`);
  };
  await tab(/^A little less than twice as fast/);
  await page.keyboard.press('Enter');
  await done(page);
  await expect(page.getByText('Right.')).toBeVisible();
  await tab(/^Next$/);
  await page.keyboard.press('Enter');
  await expect(root(page)).toHaveAttribute('data-goal', 'open');
  await expect(page.getByRole('heading', { name: 'Four times as fast?' })).toBeFocused();
  await done(page);
  const lanes = page.getByRole('spinbutton', { name: 'Lanes', exact: true });
  for (let i = 0; i < 60 && !(await lanes.evaluate((field) => field === document.activeElement)); i += 1) {
    await page.keyboard.press('Shift+Tab');
  }
  await page.keyboard.press('Control+A');
  await page.keyboard.type('4');
  await page.keyboard.press('Enter');
  await expect(root(page)).toHaveAttribute('data-goal', 'met');
});

test('three embeds on one page run, and one runs alone when it is asked', async ({ page }) => {
  await host(
    page,
    `<evm-lanes id="a" scenario="payments" lanes="8"></evm-lanes>
     <evm-lanes id="b" scenario="one-pool" view="table" loading="click"></evm-lanes>
     <evm-lanes id="c" scenario="one-pool" strategy="block-stm,ordered-commit" lanes="3"></evm-lanes>`,
  );
  await ran(page, 'a');
  await page.getByRole('button', { name: 'Run it here (one-pool)' }).click();
  await ran(page, 'b');
  await page.locator('#c').scrollIntoViewIfNeeded();
  await ran(page, 'c');
  await expect(framed(page, 'a').locator('html')).toHaveAttribute('data-lanes', '8');
  await expect(framed(page, 'b').getByRole('table', { name: 'Transactions in block order' })).toBeVisible();
  await expect(framed(page, 'c').locator('tr[data-run]')).toHaveCount(2);
  for (const id of ['a', 'b', 'c']) {
    await expect
      .poll(() => framed(page, id).locator('html').evaluate((root) => root.scrollHeight - root.clientHeight))
      .toBeLessThanOrEqual(1);
  }
  const asked: any = await page.locator('#a').evaluate((element) => (element as Element).load({ scenario: 'one-pool', lanes: 2 }));
  expect(asked.figures).toMatchObject({ lanes: 2, equal: true });
  await page.screenshot({ path: 'artefacts/firefox-embeds.png', fullPage: true });
});

for (const [where, site, headers, engine, clock] of [
  ['nothing is isolated', PLAIN, {}, 'single', 'simulated'],
  ['only the site is isolated', ISOLATED, {}, 'single', 'simulated'],
  ['site and host are isolated', ISOLATED, ISOLATION, 'threads', 'measured'],
] as const) {
  test(`an embed where ${where}`, async ({ page }) => {
    await host(page, `<evm-lanes id="a" scenario="payments" clock="${clock}" lanes="2"></evm-lanes>`, { site, headers });
    await ran(page, 'a');
    await expect(framed(page, 'a').locator('html')).toHaveAttribute('data-engine', engine);
    await expect(framed(page, 'a').locator('[data-badge]')).toHaveText(engine === 'threads' ? 'Measured on threads' : 'Simulated lanes');
  });
}

test('an embed in a sandbox has an origin of its own, and runs', async ({ page }) => {
  await host(page, '<evm-lanes id="a" scenario="one-pool" sandbox></evm-lanes>');
  await ran(page, 'a');
  expect(await framed(page, 'a').locator('html').evaluate(() => self.origin)).toBe('null');
});

test.describe('where only the host is isolated', () => {
  test.use({ expectedErrors: [/Cross-Origin|COEP|CORP|NotSameOrigin|blocked/i] });

  // Firefox has no credentialless frames. It shows none of a site that does not send what an isolated page asks for.
  test('the picture stays, with the way to the page itself', async ({ page }) => {
    await host(page, '<evm-lanes id="a" scenario="payments"></evm-lanes>', { headers: ISOLATION });
    await expect(page.getByText('The frame does not answer')).toBeVisible({ timeout: 20_000 });
    await expect(page.getByRole('link', { name: 'Open in its own tab' })).toBeVisible();
    await expect(page.locator('#a img')).toBeVisible();
    await page.screenshot({ path: 'artefacts/firefox-refused.png' });
  });
});

test('back and forth: the embed is there again', async ({ page }) => {
  await host(page, '<evm-lanes id="a" scenario="payments"></evm-lanes>');
  await ran(page, 'a');
  await page.locator('#a').evaluate((element) => (element as Element).set({ lanes: 5 }));
  await page.waitForTimeout(600);
  const other = `${at.host}other.html`;
  pages.set('/other.html', { headers: {}, html: '<!doctype html><title>Another page</title><link rel="icon" href="data:,">' });
  await page.goto(other);
  await page.goBack();
  await ran(page, 'a');
  await page.goForward();
  await expect(page).toHaveURL(other);
  await page.goBack();
  await expect(page).toHaveURL(`${at.host}host.html`);
  await ran(page, 'a');
});

test('a frame that is removed during a run is gone, and its request is rejected', async ({ page }) => {
  await host(page, '<evm-lanes id="a" scenario="payments"></evm-lanes>');
  await ran(page, 'a');
  const code = await page.evaluate(async () => {
    const lanes = document.getElementById('a') as Element;
    const run = lanes.load({ scenario: 'swaps-one-pool-500', lanes: 256 }).then(() => 'done', (error: any) => error.code);
    setTimeout(() => lanes.remove(), 50);
    return run;
  });
  expect(['removed', 'done']).toContain(code);
  await expect.poll(() => page.frames().length).toBe(1);
});
