// The engine's worker: starts one engine, then hands requests in and replies out. Everything else is Rust.
//
//   page → worker   {start: {engine: 'threads' | 'single', threads, channel}}, then {request: Uint8Array} …
//   worker → page   {booted: {info, cancel}} or {failed}, then {reply: Uint8Array} …, {panic}
//
// `channel` names a BroadcastChannel on which pool workers report failures: the engine waits for its pool without
// looking at messages, so that their reports cannot come this way.

// Set before anything is awaited: messages that arrive earlier would be lost.
const queue = [];
let take = (message) => queue.push(message);
self.onmessage = ({ data }) => take(data);

// The panic hook calls this; it is the last thing that a broken engine says.
self.onEnginePanic = (panic) => self.postMessage({ panic });

const inWords = (error) => (error instanceof Error ? `${error.name}: ${error.message}` : String(error));

const OUT_OF_MEMORY = 'its memory of 1,024 MiB is full. Fewer lanes, less gas or a smaller block need less';

async function text(path) {
  const url = new URL(path, import.meta.url);
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url.pathname}: ${response.status} ${response.statusText}`);
  return response.text();
}

/** What small blocks take, in bytes: there before threads start, so that none of them needs to make the memory larger. */
const ROOM = 64 * 1024 * 1024;

const CATALOGUE = ['../catalogue/mit.json', '../catalogue/gpl.json'];

async function boot({ engine, threads, channel }) {
  const catalogue = Promise.all(CATALOGUE.map(text));
  // The engine's own failure is reported first; this one is looked at further down.
  catalogue.catch(() => {});
  const glue = await import(`./${engine}/engine.js`);
  const wasm = await glue.default();
  // Before any view of the memory is used: see `see_growth` in core/src/wasm.rs.
  const seeGrowth = () => wasm.memory.grow(0);
  if (engine === 'threads') {
    const { configurePool, stacks } = await import('./pool.js');
    configurePool({ channel, threads });
    glue.reserve(stacks(threads) + ROOM);
    // Before anything touches rayon: it would settle on one thread for good.
    await glue.initThreadPool(threads);
  }
  seeGrowth();
  const handle = new glue.EngineHandle(threads, (bytes) => self.postMessage({ reply: bytes }, [bytes.buffer]));
  handle.loadCatalogue(await catalogue);

  const shared = engine === 'threads' ? { memory: wasm.memory.buffer, index: glue.cancelFlag() / 4 } : null;
  self.postMessage({ booted: { info: handle.info(), cancel: shared } });

  take = (message) => {
    try {
      seeGrowth();
      if (message.request) handle.handle(message.request);
      // Only the page's debug mode sends this: how tests see what a broken engine looks like.
      else if (message.crash) glue.crash(message.crash);
    } catch (error) {
      // Where memory has run out, there is a trap without a word.
      self.postMessage({ panic: glue.outOfMemory() ? OUT_OF_MEMORY : inWords(error) });
    }
  };
  queue.splice(0).forEach(take);
}

const start = (message) => {
  take = (later) => queue.push(later);
  boot(message.start).catch((error) => self.postMessage({ failed: inWords(error) }));
};
take = start;
const first = queue.shift();
if (first) start(first);
