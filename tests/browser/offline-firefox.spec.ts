// The service worker in Firefox.

import { done, expect, root, test } from './page';
import { endHosts, host, loads, named, text, visited } from './site';

// Firefox says this of what a page has asked for and does not wait for any more, because it is closed or loaded again.
test.use({ serviceWorkers: 'allow', expectedErrors: [/^Failed to load ‘’\. A ServiceWorker intercepted/] });
endHosts();

test('threads after one load more, each page its version, and no network', async ({ page, context }) => {
  const site = await host(named('a'));
  const seen = loads(page);
  await visited(page, site.address);
  expect(seen.count).toBe(2);

  site.files = named('b');
  await page.evaluate(async () => (await navigator.serviceWorker.ready).update());
  await expect(page.locator('#news')).toContainText('A new version is ready.', { timeout: 30_000 });
  expect(await text(page, './recorded/payments.svg')).toContain('data-of="a"');

  const fresh = await context.newPage();
  await fresh.goto(site.address);
  await done(fresh);
  await expect(root(fresh)).toHaveAttribute('data-engine', 'threads');
  await expect(fresh.locator('body')).toHaveAttribute('data-of', 'b');
  expect(await text(page, './recorded/payments.svg')).toContain('data-of="a"');

  site.end();
  await fresh.goto(`${site.address}?s=payments&lanes=8&clock=simulated`);
  await done(fresh);
  await expect(root(fresh)).toHaveAttribute('data-lanes', '8');
});
