// Starts the pool's workers. Takes the place of wasm-bindgen-rayon's own script, which passes no stack size (an
// overflow of the default 2 MiB silently corrupts the heap), waits for ever where a worker does not start, and loses
// what a worker that dies would have to say.

const TIME_LIMIT_MS = 5000;
const MIB = 1024 * 1024;

let settings = { channel: '', threads: 1 };

// Firefox collects workers that share a memory but are reachable from nowhere (bug 1702191).
let pool = [];

/** Called before the pool is started. */
export function configurePool(given) {
  settings = given;
}

// 8 MiB per thread, as long as all stacks together leave most of the shared memory to the engine. Always a multiple of
// 64 KiB, as wasm-bindgen demands, and of what is in fact used (18 kB) many times over.
const stackSize = (threads) => Math.max(2, Math.min(8, Math.floor(128 / threads))) * MIB;

/** What the stacks of that many threads take together, in bytes. */
export const stacks = (threads) => threads * stackSize(threads);

/** Called by wasm-bindgen-rayon's Rust half. */
export async function startWorkers(module, memory, builder) {
  const count = builder.numThreads();
  const receiver = builder.receiver();
  const workers = [];
  const startOne = (number) =>
    new Promise((resolve, reject) => {
      const worker = new Worker(new URL('./pool-worker.js', import.meta.url), { type: 'module', name: `lane ${number}` });
      workers.push(worker);
      worker.onmessage = ({ data }) => (data.ready ? resolve() : reject(new Error(data.failed)));
      // A script that is missing or blocked gives an event without a message.
      worker.onerror = (event) => reject(new Error(event.message || `the script of lane ${number} did not load`));
      worker.postMessage({ module, memory, receiver, stackSize: stackSize(count), channel: settings.channel });
    });
  let timer;
  const limit = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`the pool did not start within ${TIME_LIMIT_MS / 1000} s`)), TIME_LIMIT_MS);
  });
  try {
    await Promise.race([limit, Promise.all(Array.from({ length: count }, (_, number) => startOne(number)))]);
  } catch (error) {
    workers.forEach((worker) => worker.terminate());
    throw error;
  } finally {
    clearTimeout(timer);
  }
  pool = workers;
  builder.build();
}
