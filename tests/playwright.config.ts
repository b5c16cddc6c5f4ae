import { defineConfig } from '@playwright/test';

// `./x test` serves dist/ twice and passes the addresses and the browsers; see xtask/src/test.rs.
const browser = process.env.CHROMIUM ?? '/usr/bin/chromium';
const firefox = process.env.FIREFOX ?? '/usr/bin/firefox-esr';
const root = process.getuid?.() === 0;
/** What Firefox is tested with; Chromium is tested with all the rest. */
const IN_FIREFOX = /firefox\.spec\.ts$/;

export default defineConfig({
  testDir: './browser',
  outputDir: './artefacts/failures',
  // One at a time and no second chance: a test that needs either hides something.
  workers: 1,
  retries: 0,
  fullyParallel: false,
  forbidOnly: !!process.env.CI,
  timeout: 60_000,
  expect: { timeout: 20_000 },
  reporter: [['list'], ['json', { outputFile: './artefacts/results.json' }]],
  use: {
    viewport: { width: 1440, height: 900 },
    screenshot: 'only-on-failure',
    // Every test's browser would otherwise load the whole site once more. offline.spec.ts allows them.
    serviceWorkers: 'block',
  },
  projects: [
    {
      name: 'chromium',
      testIgnore: IN_FIREFOX,
      use: {
        launchOptions: {
          executablePath: browser,
          args: [
            // Chromium's sandbox refuses to run as root.
            ...(root ? ['--no-sandbox'] : []),
            '--disable-gpu',
            '--disable-quic',
            '--no-first-run',
            // Nothing but the page under test is asked for anything.
            '--disable-background-networking',
            '--disable-component-update',
            '--disable-sync',
          ],
        },
      },
    },
    {
      // As it is installed, by WebDriver BiDi: not the build that Playwright would download.
      name: 'firefox',
      testMatch: IN_FIREFOX,
      use: {
        browserName: 'firefox',
        channel: 'moz-firefox',
        launchOptions: {
          executablePath: firefox,
          // Back and forth load a page again: Playwright waits in vain for one that Firefox has kept.
          firefoxUserPrefs: { 'browser.sessionhistory.max_total_viewers': 0 },
        },
      },
    },
  ],
});
