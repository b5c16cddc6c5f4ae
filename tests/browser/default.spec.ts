import { ISOLATED, PLAIN, attribute, colours, expect, open, test } from './page';

for (const [name, url, engine] of [
  ['isolated', ISOLATED, 'threads'],
  ['not isolated', PLAIN, 'single'],
]) {
  test(`the page opens with a run that is done, ${name}`, async ({ page }) => {
    await open(page, url);
    expect(await attribute(page, 'data-engine')).toBe(engine);
    expect(await attribute(page, 'data-clock')).toBe('simulated');
    expect(Number(await attribute(page, 'data-transactions'))).toBeGreaterThan(5);
    expect(Number(await attribute(page, 'data-incarnations'))).toBeGreaterThanOrEqual(
      Number(await attribute(page, 'data-transactions')),
    );
    expect(await attribute(page, 'data-trace-hash')).toMatch(/^0x[0-9a-f]{64}$/);
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(engine === 'threads');

    await expect(page.getByRole('heading', { level: 1 })).not.toBeEmpty();
    await expect(page.getByText(/equal to sequential/i).first()).toBeVisible();
    await expect(page.getByRole('alert')).toHaveCount(0);
    expect(await colours(page, '#lanes canvas')).toBeGreaterThan(3);
  });
}

test('with threads and more than one core a measured run uses more than one lane', async ({ page }) => {
  await open(page, `${ISOLATED}?clock=measured`);
  const cores = await page.evaluate(() => navigator.hardwareConcurrency);
  test.skip(cores < 2, 'this machine has one core');
  expect(Number(await attribute(page, 'data-lanes'))).toBeGreaterThan(1);
});

test('nothing moves while a block is measured', async ({ page }) => {
  await open(page, `${ISOLATED}?s=erc20-2000&clock=measured`);
  // Drawing takes a core that is measured. A button may change its colour at first.
  const watched = page.evaluate(
    () =>
      new Promise<{ looks: number; moving: string[] }>((settle) => {
        const moving = new Set<string>();
        let [began, looks] = [Infinity, 0];
        const timer = setInterval(() => {
          if (document.documentElement.dataset.phase === 'running') {
            began = Math.min(began, performance.now());
            if (performance.now() - began < 300) return;
            looks += 1;
            for (const { effect, playState } of document.getAnimations()) {
              const target = effect instanceof KeyframeEffect ? effect.target?.parentElement?.outerHTML : undefined;
              if (playState === 'running') moving.add(target ?? 'something');
            }
          } else if (began < Infinity) {
            clearInterval(timer);
            settle({ looks, moving: [...moving] });
          }
        }, 10);
      }),
  );
  await page.getByRole('button', { name: /^▶? ?Run/ }).click();
  const { looks, moving } = await watched;
  expect(looks).toBeGreaterThan(0);
  expect(moving).toEqual([]);
});

for (const colour of ['light', 'dark'] as const) {
  for (const [width, height] of [
    [1440, 900],
    [1024, 768],
    [390, 844],
  ]) {
    test(`a picture at ${width}×${height}, ${colour}`, async ({ browser }) => {
      const context = await browser.newContext({ viewport: { width, height }, colorScheme: colour });
      const page = await context.newPage();
      await open(page, ISOLATED);
      await page.screenshot({ path: `artefacts/page-${width}x${height}-${colour}.png` });
      const wider = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      expect(wider, 'the page must not scroll sideways').toBeLessThanOrEqual(0);
      await context.close();
    });
  }
}
