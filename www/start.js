// Shows the first picture, a recorded run, and says why the page does not start. A script of its own, without modules or
// WebAssembly: it must run where those do not.
(() => {
  const PATIENCE_MS = 2500;
  const CAUSES = {
    frame: [
      'The page cannot run in this frame',
      'The site that shows it keeps the frame apart (sandboxed without allow-same-origin), and the site of the page does not allow that (Access-Control-Allow-Origin), so the browser withholds its code.',
      'Open the page in a tab of its own, add allow-same-origin to the frame, or let the site of the page send “Access-Control-Allow-Origin: *”.',
    ],
    file: [
      'The page was opened as a file',
      'Browsers do not load its code from a folder.',
      'Serve the folder, for example with “python3 -m http.server”, and open that address.',
    ],
    none: [
      'There is no WebAssembly in this browser',
      'The page runs the EVM as WebAssembly. A setting, an extension such as NoScript, or a strict mode (Lockdown Mode, a security level) may have switched it off.',
      'Allow WebAssembly for this site, or use another browser.',
    ],
    policy: [
      'WebAssembly is not allowed here',
      'A content security policy, of this site or of a proxy or extension, forbids WebAssembly (it lacks ’wasm-unsafe-eval’).',
      'Whoever runs the site must allow ’wasm-unsafe-eval’; an extension can be switched off for this site.',
    ],
    script: [
      'The page’s script is not allowed here',
      'A content security policy, of this site or of a proxy or extension, forbids a script of the page.',
      'Whoever runs the site must send the policy that is in the page’s own index.html.',
    ],
  };

  const waiting = () => document.getElementById('loading');
  /** What is wrong; it may be known before there is a place to say it. */
  let cause = null;

  function say([title, why, what]) {
    const place = waiting();
    if (!place) return;
    const lines = [['h1', title], ['p', why], ['p', what]];
    place.setAttribute('role', 'alert');
    place.replaceChildren(
      ...lines.filter(([, words]) => words).map(([name, words]) => {
        const line = document.createElement(name);
        line.textContent = words;
        if (name === 'p') line.className = 'story';
        return line;
      }),
    );
    if (cause && document.documentElement.hasAttribute('data-embed')) place.append(picture());
  }

  /** In a frame that does not start: what the built-in scenario's recorded run looks like. */
  function picture() {
    const name = new URLSearchParams(location.search).get('s') ?? 'one-pool';
    const image = document.createElement('img');
    Object.assign(image, { alt: 'The recorded run of this scenario', src: `./recorded/${encodeURIComponent(name)}.svg` });
    image.onerror = () => image.remove();
    return image;
  }

  /** Whether the browser withholds the page's files from this frame, because it has an origin of its own. */
  async function isWithheld() {
    if (self.origin !== 'null') return false;
    try {
      await Promise.all(files().map((href) => fetch(href)));
      return false;
    } catch {
      return true;
    }
  }

  function fail(found) {
    if (cause) return;
    cause = found;
    say(cause);
  }

  /** The files that the page's own code is in. */
  const files = () => [...document.querySelectorAll('link[rel=modulepreload], link[rel=preload][type$=wasm]')].map(({ href }) => href);
  const nameOf = (href) => href.split('/').pop();

  /** What the server says of those that do not come. */
  async function missing() {
    const problems = files().map(async (href) => {
      const name = nameOf(href);
      try {
        const response = await fetch(href, { signal: AbortSignal.timeout(PATIENCE_MS), credentials: 'same-origin' });
        const type = response.headers.get('content-type') ?? '';
        if (!response.ok) return `${name} is missing (the server answers ${response.status}).`;
        if (type.includes('html')) return `In place of ${name} came a web page, perhaps one to sign in.`;
        return null;
      } catch (error) {
        return error.name === 'TimeoutError' ? `${name} has not come yet.` : `${name} cannot be loaded (${error.message}).`;
      }
    });
    return (await Promise.all(problems)).filter(Boolean);
  }

  /** Something went wrong, in the browser's own words. */
  async function diagnose(message) {
    if (cause || !waiting()) return;
    if (location.protocol === 'file:') return fail(CAUSES.file);
    if (await isWithheld()) return fail(CAUSES.frame);
    const problems = await missing();
    fail([
      'The page cannot start',
      problems.join(' ') || message,
      'If this is your site, put all files of the build there. If not, a proxy or an extension may be in the way. Then load this page again.',
    ]);
  }

  /** Nothing went wrong, and nothing came. What comes late still starts. */
  async function late() {
    if (await isWithheld()) return fail(CAUSES.frame);
    if (cause || !waiting()) return;
    const names = files().filter((href) => performance.getEntriesByName(href).length === 0).map(nameOf);
    say([
      'The page is still loading',
      names.length ? `${names.join(' and ')} did not come yet. The connection may be slow.` : 'Its code has come and has not started yet.',
      'If nothing changes, a proxy or an extension may hold it back. Load this page again, or try another network or browser.',
    ]);
  }

  function check() {
    if (typeof WebAssembly !== 'object') return fail(CAUSES.none);
    try {
      new WebAssembly.Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]));
    } catch {
      fail(CAUSES.policy);
    }
  }

  // Errors of the page's own code. Those of extensions name a place of theirs.
  const isOurs = (place) => !place || place.startsWith(location.origin) || place.startsWith('blob:');
  addEventListener(
    'error',
    (event) => {
      const file = event.target?.src ?? event.target?.href;
      const isPage = event.target?.tagName === 'SCRIPT' || event.target?.rel === 'modulepreload';
      if (event.target !== window ? isPage && isOurs(file) : isOurs(event.filename)) diagnose(event.message || 'A script of the page did not load.');
    },
    true,
  );
  addEventListener('unhandledrejection', ({ reason }) => diagnose(String(reason?.message ?? reason)));
  document.addEventListener('securitypolicyviolation', ({ effectiveDirective, blockedURI, disposition }) => {
    if (disposition !== 'enforce') return;
    if (blockedURI === 'wasm-eval') fail(CAUSES.policy);
    else if (effectiveDirective.startsWith('script-src') && blockedURI !== 'eval') fail(CAUSES.script);
  });

  // The page around a frame is told that there is one, before the page's own code can tell it. Without an answer it takes the
  // frame for refused by the browser.
  addEventListener('message', ({ source, origin, data }) => {
    if (source !== parent || parent === self || data?.['evm-lanes'] !== 1 || data.type !== 'hello' || !waiting()) return;
    source.postMessage({ 'evm-lanes': 1, type: 'starting' }, origin === 'null' ? '*' : origin);
  });

  // The first picture is in index.html. An address that asks for something else must not show it.
  const root = document.documentElement;
  const isBare = !location.search && !location.hash;
  root.dataset.first = isBare ? 'shown' : 'none';
  const canFetch = self.origin !== 'null' && location.protocol !== 'file:';

  /** The run itself, which the page's own code asks for later. */
  function preload(name) {
    const link = document.createElement('link');
    Object.assign(link, { rel: 'preload', as: 'fetch', crossOrigin: 'anonymous', href: `./recorded/${name}.run` });
    document.head.append(link);
  }

  /** The recorded run that the address asks for: by name alone, or by all settings. Else, without a clock, the engine decides. */
  async function other() {
    const asked = new URLSearchParams(location.search);
    const isName = [...asked.keys()].every((key) => ['s', 'tx', 'at'].includes(key));
    if (location.hash || !asked.has('s') || !(isName || asked.has('clock'))) return null;
    const runs = await (await fetch('./recorded/index.json')).json();
    const run = runs.find(({ name }) => name === asked.get('s'));
    const fits = ([key, value]) => key === 's' || key === 'tx' || key === 'at' || (['strategy', 'lanes', 'clock'].includes(key) && String(run[key]) === value);
    return run && [...asked].every(fits) ? run : null;
  }

  /** That run's picture in the place of the default one. */
  function replace({ name, headline }) {
    const place = document.getElementById('first');
    if (!place) return;
    const picture = document.createElement('img');
    Object.assign(picture, { src: `./recorded/${name}.svg`, alt: headline });
    place.querySelector('h2').textContent = headline;
    place.querySelector('.story').remove();
    place.querySelector('.picture').replaceChildren(picture);
    picture.decode().then(() => ((root.dataset.first = 'shown'), painted()), () => {});
  }

  /** Says that the first picture has been painted, once it has. */
  function painted() {
    // The second frame begins when the first has been drawn.
    const mark = () => {
      if (!document.getElementById('first')) return;
      performance.mark('evm-lanes:first-picture');
      root.dataset.picture ??= 'recorded';
    };
    requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(mark)));
  }

  if (canFetch && isBare) preload('one-pool');
  const wanted = canFetch && !isBare ? other().catch(() => null) : Promise.resolve(null);

  document.addEventListener('readystatechange', () => {
    if (document.readyState !== 'interactive') return;
    if (isBare) painted();
    else wanted.then((run) => run && (preload(run.name), replace(run)));
    if (cause) return say(cause);
    say(['Loading the page…', 'A block of Ethereum transactions runs in parallel on your own cores. See what limited its speed.']);
    waiting()?.removeAttribute('role');
    check();
    setTimeout(late, PATIENCE_MS);
  });
})();
