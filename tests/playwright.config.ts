import { defineConfig } from '@playwright/test';

// `./x test` serves dist/ twice and passes the addresses and the browser; see xtask/src/test.rs.
const browser = process.env.CHROMIUM ?? '/usr/bin/chromium';
const root = process.getuid?.() === 0;

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
});
