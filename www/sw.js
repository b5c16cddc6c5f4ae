// The service worker of the site: after the first visit the page needs no network, and where the host sends no headers
// for isolation it gets threads.
//
//   install   every file of this version comes into one cache, if its hash is the right one: all or none
//   page      opened from the cache of this version, which is noted for it
//   file      from the cache of the version of the page that asks, whatever was installed since
//   tidy      with each page, caches of versions of which none is open go away
//
// docs/hosting.md says what this means for a site, docs/decisions/0029-one-version-one-cache.md why it is so.

// Written by the bundler (xtask/src/offline.rs): `files` has the first 64 bits of the SHA-256 of each file, in hex.
const SITE = { version: '', files: {} };

const VERSION = SITE.version;
const FILES = new Map(Object.entries(SITE.files));
/** The address of the site. Other sites of the same origin have caches of their own. */
const BASE = new URL('./', self.location.href).href;
const PREFIX = `evm-lanes ${BASE} `;
const cacheOf = (version) => PREFIX + version;
/** Which version each open page has. */
const PAGES = `${PREFIX}pages`;
/** What the browser may not know as a page yet is not forgotten so early. */
const YOUNG_MS = 60_000;

self.addEventListener('install', (event) => event.waitUntil(install()));
self.addEventListener('message', (event) => event.waitUntil(hear(event)));
self.addEventListener('fetch', (event) => {
  const { method, mode, url } = event.request;
  if (method !== 'GET' || !url.startsWith(BASE)) return;
  const path = url.slice(BASE.length).split(/[?#]/)[0];
  const answer = mode === 'navigate' ? page(event, path) : file(event, path);
  if (answer) event.respondWith(answer);
});

async function install() {
  const cache = await caches.open(cacheOf(VERSION));
  // What an attempt that failed has left there is right, too.
  const missing = async (name) => !(await cache.match(BASE + name));
  const put = async (name) => (await missing(name)) && cache.put(BASE + name, await load(name));
  const done = await Promise.allSettled([...FILES.keys()].map(put));
  const failure = done.find(({ status }) => status === 'rejected');
  if (failure) throw failure.reason;
  // Pages that are open keep the files of their version, so this one need not wait until they are closed.
  await self.skipWaiting();
}

/** A file of this version from the host. While a site is replaced the host may give another one, and caches may for long. */
async function load(name) {
  for (const cache of ['default', 'reload']) {
    const response = await fetch(BASE + name, { cache, mode: 'same-origin' });
    const body = await response.arrayBuffer();
    if (response.ok && (await hashOf(body)) === FILES.get(name)) return isolated(name, response.headers, body);
  }
  throw new Error(`${name} is not that of version ${VERSION}`);
}

async function hashOf(body) {
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', body));
  return Array.from(hash.slice(0, 8), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** An answer with the headers that give pages threads, where the host has not sent others. */
function isolated(name, sent, body) {
  const headers = new Headers(sent);
  // Those of the transport.
  for (const header of ['content-encoding', 'content-length', 'transfer-encoding', 'vary']) headers.delete(header);
  const add = (header, value) => headers.has(header) || headers.set(header, value);
  add('cross-origin-embedder-policy', 'require-corp');
  add('cross-origin-resource-policy', 'cross-origin');
  if (name.endsWith('.html')) add('cross-origin-opener-policy', 'same-origin');
  if (name === 'embed.html') add('document-isolation-policy', 'isolate-and-require-corp');
  return new Response(body, { headers });
}

/** The answer to a navigation; null: that of the host. */
function page(event, path) {
  // As hosts do: `x/` is `x/index.html`, and with many `x` is `x.html`.
  const name = [path, `${path}index.html`, `${path}.html`].find((name) => FILES.has(name));
  if (name) return opened(event, name);
  return FILES.has(`${path}/index.html`) ? Promise.resolve(Response.redirect(`${BASE}${path}/`, 301)) : null;
}

async function opened(event, name) {
  const answer = await cached(VERSION, name);
  // The browser has dropped the cache. A page from the host gets all its files from there.
  if (!answer) return fetch(event.request);
  await note(event.resultingClientId, VERSION);
  event.waitUntil(tidy());
  return answer;
}

async function file(event, path) {
  const { request, clientId } = event;
  const [, said, rest] = /^v\/([0-9a-f]+)\/(.*)$/.exec(path) ?? [];
  const version = said ?? (await versionOf(clientId));
  const name = rest ?? path;
  if (!version) return fetch(request);
  // Browsers do not always say whose request a worker's is. So a worker's address names its version, and what it loads is
  // relative to that.
  if (!said && request.destination === 'worker') return Response.redirect(`${BASE}v/${version}/${name}`);
  return (await cached(version, name)) ?? fetch(said ? BASE + name : request);
}

async function cached(version, name) {
  // Not `caches.open`, which makes it.
  return caches.match(BASE + name, { cacheName: cacheOf(version) });
}

/** A page that was there before its worker says which version it is. Any page may ask an installed worker to take over. */
async function hear({ data, source }) {
  if (data?.takeOver) return self.skipWaiting();
  if (data?.version !== VERSION) return source.postMessage({ version: VERSION });
  await note(source.id, VERSION);
  await self.clients.claim();
}

/** The versions of pages that this worker has been asked by since it started. It may be ended and started at any time. */
const known = new Map();

async function note(id, version) {
  if (!id) return;
  known.set(id, version);
  const pages = await caches.open(PAGES);
  await pages.put(BASE + id, new Response(JSON.stringify({ version, since: Date.now() })));
}

/** The version of an open page; null: it came from the host. */
async function versionOf(id) {
  if (!id) return null;
  if (!known.has(id)) {
    const noted = await caches.match(BASE + id, { cacheName: PAGES });
    known.set(id, noted ? (await noted.json()).version : null);
  }
  return known.get(id);
}

async function tidy() {
  const used = new Set([VERSION]);
  // Not `clients.get`: it waits for pages that are being opened, and a worker that waits is not replaced.
  const clients = await self.clients.matchAll({ type: 'window', includeUncontrolled: true });
  const open = new Set(clients.map(({ id }) => id));
  const pages = await caches.open(PAGES);
  for (const { url } of await pages.keys()) {
    const noted = await pages.match(url);
    if (!noted) continue;
    const { version, since } = await noted.json();
    if (open.has(url.slice(BASE.length)) || Date.now() - since < YOUNG_MS) used.add(version);
    else await pages.delete(url);
  }
  // The cache of a version that is being installed is not old.
  if (self.registration.installing || self.registration.waiting) return;
  for (const name of await caches.keys()) {
    const isVersion = name.startsWith(PREFIX) && name !== PAGES;
    if (isVersion && !used.has(name.slice(PREFIX.length))) await caches.delete(name);
  }
}
