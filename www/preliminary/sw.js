// Takes the place of a service worker (www/sw.js) that an earlier build left at this address: forgets what that kept, goes
// away, and shows open pages as they are on the server. Also for a site that is to have no service worker any more.

const PREFIX = `evm-lanes ${new URL('./', self.location.href).href} `;

self.addEventListener('install', () => self.skipWaiting());
self.addEventListener('message', ({ data }) => data?.takeOver && self.skipWaiting());
self.addEventListener('activate', (event) => event.waitUntil(leave()));

async function leave() {
  const kept = (await caches.keys()).filter((name) => name.startsWith(PREFIX));
  await Promise.all(kept.map((name) => caches.delete(name)));
  const pages = await self.clients.matchAll({ type: 'window' });
  await self.registration.unregister();
  for (const page of pages) page.navigate(page.url).catch(() => {});
}
