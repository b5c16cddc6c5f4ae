// The page in frames of other pages.

import { brotliCompressSync } from 'node:zlib';
import AxeBuilder from '@axe-core/playwright';
import { type Element, ISOLATION, at, framed, host, pages, ran as done, serveHosts } from './host';
import { ISOLATED, PLAIN, attribute, expect, scenario, test } from './page';

serveHosts();

test('the element is at most 5 kB of brotli', async () => {
  const script = Buffer.from(await (await fetch(`${PLAIN}embed.js`)).arrayBuffer());
  expect(brotliCompressSync(script).length).toBeLessThanOrEqual(5_000);
});

test('three embeds on one page run, each as its attributes say', async ({ page }) => {
  await host(
    page,
    `<evm-lanes id="a" scenario="payments" lanes="8" edit="none"></evm-lanes>
     <evm-lanes id="b" scenario="one-pool" view="table"></evm-lanes>
     <evm-lanes id="c" scenario="one-pool" strategy="block-stm,ordered-commit" lanes="3"></evm-lanes>`,
  );
  for (const id of ['a', 'b', 'c']) {
    await page.locator(`#${id}`).scrollIntoViewIfNeeded();
    await done(page, id);
  }
  await expect(framed(page, 'a').locator('html')).toHaveAttribute('data-lanes', '8');
  await expect(framed(page, 'a').locator('html')).toHaveAttribute('data-clock', 'simulated');
  await expect(framed(page, 'a').getByRole('group', { name: 'Settings' })).toHaveCount(0);
  await expect(framed(page, 'b').getByRole('table', { name: 'Transactions in block order' })).toBeVisible();
  await expect(framed(page, 'b').getByRole('group', { name: 'Settings' })).toBeVisible();
  await expect(framed(page, 'c').locator('tr[data-run]')).toHaveCount(2);
  // As high as what is in it, with nothing to scroll.
  for (const id of ['a', 'b', 'c']) {
    await expect
      .poll(() => framed(page, id).locator('html').evaluate((root) => root.scrollHeight - root.clientHeight))
      .toBeLessThanOrEqual(1);
  }
});

test('an embed is a picture with a button until it is needed', async ({ page }) => {
  await host(page, '<evm-lanes id="a" scenario="payments" loading="click" label="Payments"></evm-lanes>');
  await expect(page.getByRole('button', { name: 'Run it here (Payments)' })).toBeVisible();
  await expect(page.getByRole('link', { name: 'Open in its own tab' })).toHaveAttribute('href', `${PLAIN}?s=payments&clock=simulated`);
  expect(page.frames()).toHaveLength(1);
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await done(page, 'a');
  await expect(page.locator('#a').locator('iframe')).toBeVisible();
});

test('a page asks and is answered', async ({ page }) => {
  await host(page, '<evm-lanes id="a" scenario="payments" lanes="2"></evm-lanes>');
  const said = await page.evaluate(async () => {
    await customElements.whenDefined('evm-lanes');
    const lanes = document.getElementById('a') as Element;
    const seen: string[] = [];
    for (const type of ['ready', 'change', 'result', 'selected', 'resize', 'error']) lanes.addEventListener(type, () => seen.push(type));
    const first: any = await lanes.run();
    const second: any = await lanes.load({ scenario: 'one-pool', strategy: 'ordered-commit', lanes: 3 });
    await lanes.select({ tx: 1 });
    const trace: any = await lanes.get('trace');
    const link: any = await lanes.get('link');
    const wrong = await lanes.set({ lanes: 'many' }).catch((error: any) => [error.code, error.message]);
    const mistakes = await lanes.load({ document: '{"format": "evm-lanes/1",\n"title": 7}' }).catch((error: any) => error.problems);
    await new Promise((resolve) => setTimeout(resolve, 600));
    return { first: first.figures, second: second.figures, trace, link, wrong, mistakes, seen, state: (lanes as any).state };
  });
  expect(said.first).toMatchObject({ lanes: 2, clock: 'simulated', equal: true, unit: 'gas' });
  expect(said.second).toMatchObject({ lanes: 3, strategy: 'ordered-commit', title: 'One pool, many traders' });
  expect(said.trace.attempts.length).toBeGreaterThanOrEqual(said.second.transactions);
  expect(said.trace.hash).toBe(said.second.traceHash);
  expect(said.link).toMatch(new RegExp(`^${PLAIN}\\?`));
  expect(said.wrong).toEqual(['field', '“lanes” should be a whole number from 1 to 256, but is "many"']);
  expect(said.mistakes).toContainEqual(expect.objectContaining({ path: 'title', line: 2 }));
  for (const type of ['ready', 'change', 'result', 'selected', 'resize', 'error']) expect(said.seen).toContain(type);
  expect(said.state.selection).toMatchObject({ tx: 1 });
  // The page itself shows the same.
  const figures = said.second.traceHash;
  await page.goto(said.link);
  await expect(page.locator('html')).toHaveAttribute('data-trace-hash', figures, { timeout: 30_000 });
});

test('an attribute that changes changes the run', async ({ page }) => {
  await host(page, '<evm-lanes id="a" lanes="2"></evm-lanes>');
  await done(page, 'a');
  await page.locator('#a').evaluate((element) => element.setAttribute('lanes', '6'));
  await expect(framed(page, 'a').locator('html')).toHaveAttribute('data-lanes', '6');
  await page.locator('#a').evaluate((element) => element.setAttribute('scenario', 'payments'));
  await expect(framed(page, 'a').locator('html')).toHaveAttribute('data-scenario', 'Payments that never meet');
  await page.locator('#a').evaluate((element) => element.setAttribute('theme', 'dark'));
  await expect(framed(page, 'a').locator('html')).toHaveAttribute('data-theme', 'dark');
});

test('a scenario stands in the page', async ({ page }) => {
  const own = scenario({ title: 'Mine', accounts: { a: {}, b: {} }, transactions: [{ from: 'a', to: 'b', value: '1 gwei' }] });
  await host(page, `<evm-lanes id="a"><script type="application/json">${own}</script></evm-lanes>`);
  await done(page, 'a');
  await expect(framed(page, 'a').locator('html')).toHaveAttribute('data-scenario', 'Mine');
});

test('what a person does in a frame is told, and the own tab has all of it', async ({ page, context }) => {
  await host(page, '<evm-lanes id="a" scenario="payments" edit="numbers"></evm-lanes>');
  await done(page, 'a');
  await framed(page, 'a').getByRole('button', { name: 'More lanes' }).click();
  await framed(page, 'a').getByRole('combobox', { name: 'Strategy' }).selectOption('ordered-commit');
  await expect(framed(page, 'a').locator('html')).toHaveAttribute('data-strategy', 'ordered-commit');
  await expect.poll(() => page.locator('#a').evaluate((element) => (element as any).state.strategy)).toBe('ordered-commit');
  const lanes = await framed(page, 'a').locator('html').getAttribute('data-lanes');
  const opened = context.waitForEvent('page');
  await framed(page, 'a').getByRole('link', { name: 'Open in its own tab' }).click();
  const tab = await opened;
  await expect(tab.locator('html')).toHaveAttribute('data-strategy', 'ordered-commit', { timeout: 30_000 });
  expect(await attribute(tab, 'data-lanes')).toBe(lanes);
  expect(await attribute(tab, 'data-clock')).toBe('simulated');
  expect(await tab.evaluate(() => opener)).toBe(null);
});

test('in a sandbox with an origin of its own, without storage, it runs', async ({ page }) => {
  await host(page, '<evm-lanes id="a" scenario="one-pool" sandbox></evm-lanes>');
  await done(page, 'a');
  expect(await framed(page, 'a').locator('html').evaluate(() => self.origin)).toBe('null');
  const result: any = await page.locator('#a').evaluate((element) => (element as Element).run());
  expect(result.figures.equal).toBe(true);
});

test.describe('where the site withholds its files from such a frame', () => {
  test.use({ expectedErrors: [/CORS|Failed to load|ERR_FAILED/] });

  test('it says so, and leads to its own tab', async ({ page }) => {
    await host(page, '<evm-lanes id="a" scenario="payments" sandbox></evm-lanes>', { site: at.withholding });
    const frame = framed(page, 'a');
    await expect(frame.getByRole('alert')).toContainText('cannot run in this frame', { timeout: 15_000 });
    await expect(frame.getByRole('link', { name: 'Open in its own tab' })).toHaveAttribute('target', '_blank');
  });
});

test('an isolated host has threads in the frame', async ({ page }) => {
  await host(page, '<evm-lanes id="a" scenario="payments" clock="measured" lanes="2"></evm-lanes>', { site: ISOLATED, headers: ISOLATION });
  await done(page, 'a');
  await expect(framed(page, 'a').locator('html')).toHaveAttribute('data-engine', 'threads');
  await expect(framed(page, 'a').locator('[data-badge]')).toHaveText('Measured on threads');
});

test('an isolated host shows a site that sends nothing for it', async ({ page }) => {
  await host(page, '<evm-lanes id="a" scenario="payments"></evm-lanes>', { headers: ISOLATION });
  await done(page, 'a');
});

test('a host that is not isolated has threads, too, if the site isolates the frame', async ({ page }) => {
  await host(page, '<evm-lanes id="a" scenario="payments" clock="measured" lanes="2"></evm-lanes>', { site: ISOLATED });
  await done(page, 'a');
  await expect(framed(page, 'a').locator('html')).toHaveAttribute('data-engine', 'threads');
});

test('where nothing is isolated there are simulated lanes, and the frame says so', async ({ page }) => {
  await host(page, '<evm-lanes id="a" scenario="payments"></evm-lanes>');
  await done(page, 'a');
  await expect(framed(page, 'a').locator('html')).toHaveAttribute('data-engine', 'single');
  await expect(framed(page, 'a').locator('[data-badge]')).toHaveText('Simulated lanes');
});

test('a strict policy of the host needs three permissions', async ({ page }) => {
  const origin = new URL(PLAIN).origin;
  const policy = `default-src 'none'; script-src ${origin}; frame-src ${origin}; img-src ${origin} data:`;
  await host(page, '<evm-lanes id="a" scenario="payments"></evm-lanes>', { headers: { 'content-security-policy': policy } });
  await done(page, 'a');
});

test('back and forth: the embed is there again, and makes no steps of its own', async ({ page }) => {
  await host(page, '<evm-lanes id="a" scenario="payments"></evm-lanes>');
  await done(page, 'a');
  await page.locator('#a').evaluate((element) => (element as Element).load({ scenario: 'one-pool', lanes: 2 }));
  await page.locator('#a').evaluate((element) => (element as Element).set({ lanes: 5 }));
  await page.waitForTimeout(600);
  const other = `${at.host}other.html`;
  pages.set('/other.html', { headers: {}, html: '<!doctype html><title>Another page</title><link rel="icon" href="data:,">' });
  await page.goto(other);
  await page.goBack();
  await done(page, 'a');
  await page.goForward();
  await expect(page).toHaveURL(other);
  await page.goBack();
  await expect(page).toHaveURL(`${at.host}host.html`);
  await done(page, 'a');
});

test('a frame that is removed during a run is gone, and its request is rejected', async ({ page }) => {
  await host(page, '<evm-lanes id="a" scenario="payments"></evm-lanes>');
  await done(page, 'a');
  const code = await page.evaluate(async () => {
    const lanes = document.getElementById('a') as Element;
    const run = lanes.load({ scenario: 'swaps-one-pool-500', lanes: 256 }).then(() => 'done', (error: any) => error.code);
    setTimeout(() => lanes.remove(), 50);
    return run;
  });
  expect(['removed', 'done']).toContain(code);
  await expect.poll(() => page.frames().length).toBe(1);
  await expect.poll(() => page.workers().length).toBe(0);
});

test('an element that is made late, moved and named wrong works or says so', async ({ page }) => {
  await host(page, '<div id="one"></div><div id="two"></div>');
  await page.evaluate(async () => {
    await customElements.whenDefined('evm-lanes');
    const lanes = document.createElement('evm-lanes');
    Object.assign(lanes, { id: 'a' });
    lanes.setAttribute('scenario', 'payments');
    document.getElementById('one')?.append(lanes);
  });
  await done(page, 'a');
  await page.locator('#a').evaluate((element) => (element as Element).set({ lanes: 7 }));
  await page.waitForTimeout(600);
  await page.evaluate(() => document.getElementById('two')?.append(document.getElementById('a') as HTMLElement));
  await done(page, 'a');
  await expect(framed(page, 'a').locator('html')).toHaveAttribute('data-lanes', '7');
  const code = await page.locator('#a').evaluate(
    (element) =>
      new Promise((resolve) => {
        element.addEventListener('error', (event: any) => resolve(event.detail.code), { once: true });
        element.setAttribute('scenario', '"><img src=x onerror=alert(1)>');
      }),
  );
  expect(code).toBe('not-found');
});

test('hostile messages change nothing and break nothing', async ({ page }) => {
  await host(page, '<evm-lanes id="a" scenario="payments"></evm-lanes>');
  await done(page, 'a');
  const answers: any[] = await page.evaluate(async (site) => {
    const frame = document.getElementById('a')?.shadowRoot?.querySelector('iframe') as HTMLIFrameElement;
    const heard: unknown[] = [];
    addEventListener('message', ({ source, data }) => source === frame.contentWindow && heard.push(data));
    const target = new URL(site).origin;
    const post = (message: unknown) => frame.contentWindow?.postMessage(message, target);
    const cycle: Record<string, unknown> = { 'evm-lanes': 1, type: 'load' };
    cycle.document = cycle;
    let deep: unknown = 1;
    for (let i = 0; i < 500; i++) deep = [deep];
    for (const message of [null, 7, 'text', [], {}, { type: 'run' }, new Map(), new Uint8Array(9)]) post(message);
    for (const message of [
      cycle,
      { 'evm-lanes': 1, type: 'load', document: deep },
      { 'evm-lanes': 1n, type: 'run' },
      { 'evm-lanes': 99, type: 'run', id: 'new' },
      { 'evm-lanes': 1, type: 'eval', id: 'eval', code: 'alert(1)' },
      { 'evm-lanes': 1, type: 'set', theme: '"><script>alert(1)</script>', id: 'html' },
      { 'evm-lanes': 1, type: 'load', link: 'javascript:alert(1)', id: 'script' },
      { 'evm-lanes': 1, type: 'load', document: 'x'.repeat(9 << 20), id: 'long' },
    ]) post(message);
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    return heard;
  }, PLAIN);
  const codes = answers.filter(({ type }) => type === 'error').map(({ code, id }) => `${code} ${id ?? ''}`.trim());
  for (const code of ['version new', 'type eval', 'field html', 'field', 'size']) expect(codes, code).toContain(code);
  // A document's texts are texts.
  const title = '<img src=x onerror="document.body.remove()"><b>bold</b>';
  const own = JSON.parse(scenario({ title, accounts: { a: {}, b: {} }, transactions: [{ from: 'a', to: 'b', value: '1 gwei', label: title }] }));
  await page.locator('#a').evaluate((element, document) => (element as Element).load({ document }), own);
  await expect(framed(page, 'a').locator('html')).toHaveAttribute('data-scenario', title);
  await expect(framed(page, 'a').locator('img, #app b:has-text("bold")')).toHaveCount(0);
});

test('a host that floods is refused, and heard again', async ({ page }) => {
  await host(page, '<evm-lanes id="a" scenario="payments"></evm-lanes>');
  await done(page, 'a');
  const [busy, later]: [number, any] = await page.evaluate(async (site) => {
    const lanes = document.getElementById('a') as Element;
    const frame = lanes.shadowRoot?.querySelector('iframe') as HTMLIFrameElement;
    let busy = 0;
    addEventListener('message', ({ data }) => data?.code === 'busy' && busy++);
    for (let i = 0; i < 20_000; i++) frame.contentWindow?.postMessage({ 'evm-lanes': 1, type: 'set', lanes: 1 + (i % 256) }, new URL(site).origin);
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    return [busy, await lanes.load({ scenario: 'one-pool', lanes: 3 })];
  }, PLAIN);
  expect(busy).toBeGreaterThan(0);
  expect(busy).toBeLessThan(20);
  expect(later.figures.lanes).toBe(3);
});

test('only the page directly around the frame is heard', async ({ page }) => {
  await host(page, '<evm-lanes id="a" scenario="payments" lanes="2"></evm-lanes>');
  await done(page, 'a');
  const heard = await page.evaluate(
    (site) =>
      new Promise((resolve) => {
        const other = document.createElement('iframe');
        document.body.append(other);
        const frame = document.getElementById('a')?.shadowRoot?.querySelector('iframe') as HTMLIFrameElement;
        const code = `const frame = arguments[0]; let heard = 0; addEventListener('message', () => heard++);
          frame.postMessage({ 'evm-lanes': 1, type: 'set', lanes: 9 }, '${new URL(site).origin}');
          setTimeout(() => arguments[1](heard), 1500);`;
        new (other.contentWindow as any).Function(code)(frame.contentWindow, resolve);
      }),
    PLAIN,
  );
  expect(heard).toBe(0);
  await expect(framed(page, 'a').locator('html')).toHaveAttribute('data-lanes', '2');
});

for (const view of ['lanes', 'graph', 'table', 'curve', 'compare', 'split', 'mini']) {
  test(`the view ${view} fits 320 pixels and a wide page`, async ({ page }) => {
    for (const width of [320, 1000]) {
      await page.setViewportSize({ width, height: 900 });
      await host(page, `<evm-lanes id="a" scenario="one-pool" view="${view}"></evm-lanes>`, { head: '<style>body{margin:0}</style>' });
      await done(page, 'a');
      if (view === 'curve') await expect(framed(page, 'a').locator('.chart, svg').first()).toBeVisible({ timeout: 30_000 });
      const over = await framed(page, 'a').locator('html').evaluate((root) => root.scrollWidth - root.clientWidth);
      expect(over, `${width} pixels`).toBeLessThanOrEqual(0);
      await page.screenshot({ path: `artefacts/embed-${view}-${width}.png`, fullPage: true });
    }
  });
}

test('a lesson is done in a frame, beside the scenario that it asks to change', async ({ page }) => {
  await host(page, '<evm-lanes id="a" lesson="two-lanes" loading="eager"></evm-lanes>');
  const frame = framed(page, 'a');
  await expect(frame.locator('html')).toHaveAttribute('data-lesson', 'two-lanes');
  await expect(frame.getByRole('region', { name: 'Lesson' })).toBeVisible();
  await frame.getByRole('button', { name: 'Show me' }).click();
  await expect(frame.locator('html')).toHaveAttribute('data-phase', 'done');
  await frame.getByRole('button', { name: 'Step 2' }).click();
  await expect(frame.locator('html')).toHaveAttribute('data-step', '2');
});

test('a page gets pictures of what a frame shows, and a person saves one', async ({ page }) => {
  await host(page, '<evm-lanes id="a" scenario="payments" theme="dark"></evm-lanes><img id="picture" alt="">');
  await done(page, 'a');
  const svg: string = await page.locator('#a').evaluate((element) => (element as Element).get('svg', { width: 500 }));
  expect(svg).toMatch(/^<svg [^>]*width="500"/);
  expect(svg).toContain(`${PLAIN}?s=payments`);
  const size = await page.locator('#a').evaluate(async (element) => {
    const picture = document.getElementById('picture') as HTMLImageElement;
    picture.src = await (element as Element).get('png', { width: 500 });
    await picture.decode();
    return [picture.src.slice(0, 22), picture.naturalWidth];
  });
  expect(size).toEqual(['data:image/png;base64,', 1000]);
  const wrong = await page.locator('#a').evaluate((element) => (element as Element).get('png', { width: 9 }).catch((error: any) => error.code));
  expect(wrong).toBe('field');
  await framed(page, 'a').getByRole('button', { name: 'Picture' }).click();
  const saved = page.waitForEvent('download');
  await framed(page, 'a').getByRole('button', { name: 'Save as SVG' }).click();
  expect((await saved).suggestedFilename()).toBe('lanes.svg');
});

test('what becomes of a lesson leaves the frame by message', async ({ page }) => {
  await host(page, '<evm-lanes id="a" scenario="payments"></evm-lanes>');
  await done(page, 'a');
  await page.locator('#a').evaluate((element) => {
    (window as any).told = [];
    element.addEventListener('lesson', ({ detail }: any) => (window as any).told.push(detail));
  });
  const told = () => page.evaluate(() => (window as any).told.map(({ event }: any) => event));
  const opened = await page.locator('#a').evaluate((element) => (element as Element).openLesson({ lesson: 'two-lanes' }));
  expect(opened).toMatchObject({ id: 'two-lanes', step: 1, steps: 3, question: 'open', right: null, done: [] });
  await expect.poll(told).toEqual(['opened']);
  // A host that opens a lesson does not take the reader's focus.
  expect(await page.evaluate(() => document.activeElement === document.body)).toBe(true);
  await framed(page, 'a').getByRole('button', { name: 'A little less than twice as fast.' }).click();
  await expect.poll(told).toEqual(['opened', 'answered']);
  expect(await page.evaluate(() => (window as any).told[1].lesson)).toMatchObject({ answer: { choice: 1 }, right: true, done: [1] });
  await page.locator('#a').evaluate((element) => (element as Element).openLesson({ step: 2 }));
  await expect(framed(page, 'a').locator('html')).toHaveAttribute('data-goal', 'open');
  await framed(page, 'a').getByRole('spinbutton', { name: 'Lanes', exact: true }).fill('4');
  await page.keyboard.press('Enter');
  await expect.poll(told).toEqual(['opened', 'answered', 'step', 'met']);
  const lesson: any = await page.locator('#a').evaluate((element) => (element as Element).get('lesson'));
  expect(lesson).toMatchObject({ step: 2, goal: 'met', done: [1, 2] });
});

test('another step by attribute is a message, not another frame', async ({ page }) => {
  await host(page, '<evm-lanes id="a" lesson="two-lanes"></evm-lanes>');
  const frame = framed(page, 'a').locator('html');
  await expect(frame).toHaveAttribute('data-step', '1');
  await frame.evaluate(() => ((window as any).same = true));
  await page.locator('#a').evaluate((element) => element.setAttribute('step', '2'));
  await expect(frame).toHaveAttribute('data-step', '2');
  expect(await frame.evaluate(() => (window as any).same)).toBe(true);
});

test.describe('where the frame may not load', () => {
  test.use({ expectedErrors: [/frame-src|Content Security Policy|ERR_BLOCKED/] });

  test('the picture stays, and whoever asks is told', async ({ page }) => {
    await host(page, '<evm-lanes id="a" scenario="payments"></evm-lanes>', { headers: { 'content-security-policy': "frame-src 'none'" } });
    await page.waitForFunction(() => customElements.get('evm-lanes'));
    const code = await page.locator('#a').evaluate((element) => (element as Element).run().then(() => 'done', (error: any) => error.code));
    expect(code).toBe('no-answer');
    await expect(page.getByText('The frame does not answer')).toBeVisible();
    await expect(page.locator('#a img')).toBeVisible();
    await expect(page.getByRole('link', { name: 'Open in its own tab' })).toBeVisible();
  });
});

for (const colorScheme of ['light', 'dark'] as const) {
  test(`axe finds nothing in a page with several embeds, ${colorScheme}`, async ({ browser }) => {
    const context = await browser.newContext({ colorScheme, reducedMotion: 'reduce', viewport: { width: 900, height: 2600 } });
    const page = await context.newPage();
    await host(
      page,
      `<evm-lanes id="a" scenario="payments"></evm-lanes><evm-lanes id="b" scenario="one-pool" view="graph"></evm-lanes>
       <evm-lanes id="c" scenario="one-pool" view="table"></evm-lanes><evm-lanes id="d" lesson="two-lanes"></evm-lanes>
       <evm-lanes scenario="payments" loading="click"></evm-lanes>`,
    );
    for (const id of ['a', 'b', 'c']) await done(page, id);
    await expect(framed(page, 'd').locator('html')).toHaveAttribute('data-step', '1');
    const { violations } = await new AxeBuilder({ page }).analyze();
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)).toEqual([]);
    await context.close();
  });
}
