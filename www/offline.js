// Registers the service worker (sw.js), says when a new version of the site is there, and loads the page once more for
// threads where that costs nothing. Not part of what `x serve` shows. A script of its own: it must also run where the
// page's own code does not start.
(() => {
  const { version } = document.currentScript.dataset;
  const root = document.documentElement;
  // A frame with an origin of its own has no workers, and neither has a page that is not secure.
  const workers = self.origin !== 'null' && isSecureContext ? navigator.serviceWorker : undefined;
  if (!workers) return;

  const HOUR_MS = 3_600_000;
  const SOON_MS = 1_000;
  /** The page is loaded before its worker asks for anything. If it does not come to rest, this long after its start. */
  const PATIENCE_MS = 30_000;
  /** That a tab was loaded again for threads, by site: there may be several of one origin. */
  const ONCE = `evm-lanes:loaded-again ${new URL('./', location.href).href}`;

  const isFrame = self !== top;
  const wasControlled = Boolean(workers.controller);

  /** Whether anybody has done anything here, the page around a frame included. */
  let isTouched = false;
  for (const kind of ['pointerdown', 'keydown', 'click', 'wheel', 'touchstart', 'input', 'drop', 'paste', 'popstate']) {
    addEventListener(kind, () => (isTouched = true), { capture: true, passive: true, once: true });
  }
  // Extensions send messages, too, but from within the page.
  addEventListener('message', ({ source }) => (isTouched ||= source !== self));

  /** In a page of another site the worker would keep all files once more, for that site. Only threads are worth that. */
  function isWanted() {
    if (navigator.connection?.saveData && !wasControlled) return false;
    if (!isFrame) return true;
    return !crossOriginIsolated && new URLSearchParams(location.search).get('clock') === 'measured';
  }

  /** Resolves when the page has shown its first run, or waits for a person. */
  function rested() {
    const isBusy = () => document.readyState !== 'complete' || ['starting', 'running'].includes(root.dataset.phase);
    return new Promise((resolve) => {
      const end = performance.now() + PATIENCE_MS;
      const look = () => (isBusy() && performance.now() < end ? setTimeout(look, 250) : resolve());
      look();
    });
  }

  async function start() {
    // A page from the cache needs no patience, and a new version may be waiting.
    if (!wasControlled) await rested();
    const registration = await workers.register('./sw.js', { updateViaCache: 'none' });
    // Pages that are loaded past their worker on purpose have one already.
    const isFirst = !wasControlled && !registration.active;
    announce((await workers.ready).active);
    addEventListener('pageshow', ({ persisted }) => persisted && announce(registration.active));
    lookForUpdates(registration);
    if (isFirst && !crossOriginIsolated) threads();
  }

  /** The page says which version it is, so that it gets no file of another one. */
  const announce = (worker) => worker?.postMessage({ version });

  function lookForUpdates(registration) {
    let last = Date.now();
    document.addEventListener('visibilitychange', () => {
      if (document.hidden) return;
      takeOver(registration);
      if (Date.now() - last < HOUR_MS) return;
      last = Date.now();
      registration.update().catch(() => {});
    });
    takeOver(registration);
    registration.addEventListener('updatefound', () => {
      const { installing } = registration;
      installing?.addEventListener('statechange', () => installing.state === 'installed' && setTimeout(takeOver, SOON_MS, registration));
    });
  }

  /** A worker that is installed takes over by itself. But if the one before was just answering, Chromium waits for half a minute. */
  const takeOver = ({ waiting }) => waiting?.postMessage({ takeOver: true });

  let hasWorker = wasControlled;
  workers.addEventListener('controllerchange', () => {
    if (hasWorker) updated();
    hasWorker = true;
  });
  workers.addEventListener('message', ({ data }) => data?.version && data.version !== version && updated());
  workers.startMessages();

  function updated() {
    // What the link does not hold is named by the page (web/src/state/sync.rs).
    const lost = root.dataset.notInLink;
    say(`A new version is ready.${lost ? ` Loading the page again forgets ${lost}.` : ''}`);
  }

  /** The worker gives threads, but only to a page that it has opened. */
  function threads() {
    if (!isTouched && isOnce()) location.reload();
    else say('Lanes can run on threads after this page is loaded again.');
  }

  /** Whether this tab was not loaded again before. Where that cannot be kept it might go on for ever. */
  function isOnce() {
    try {
      if (sessionStorage.getItem(ONCE)) return false;
      sessionStorage.setItem(ONCE, '1');
      return sessionStorage.getItem(ONCE) === '1';
    } catch {
      return false;
    }
  }

  /** A line at the lower edge. A frame is not the place for it. */
  function say(text) {
    if (isFrame) return;
    const line = document.getElementById('news') ?? Object.assign(document.createElement('aside'), { id: 'news' });
    line.setAttribute('aria-label', 'News');
    const words = Object.assign(document.createElement('span'), { textContent: text });
    words.setAttribute('role', 'status');
    const button = (name, act) => {
      const made = Object.assign(document.createElement('button'), { type: 'button', className: 'btn small', textContent: name });
      made.addEventListener('click', act);
      return made;
    };
    line.replaceChildren(words, button('Reload', () => location.reload()), button('Close', () => line.remove()));
    document.body.append(line);
  }

  // A browser that refuses (a private window, cookies that are blocked) leaves everything as it was.
  if (isWanted()) start().catch(() => {});
})();
