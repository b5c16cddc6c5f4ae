// One thread of the engine's pool.

import init, { outOfMemory, wbg_rayon_start_worker as serve } from './threads/engine.js';

const inWords = (error) => (error instanceof Error ? `${error.name}: ${error.message}` : String(error));

const OUT_OF_MEMORY = 'its memory of 1,024 MiB is full. Fewer lanes, less gas or a smaller block need less';

self.onmessage = async ({ data: { module, memory, receiver, stackSize, channel } }) => {
  // The engine's worker is blocked while this thread works, so failures go to the page directly.
  const reports = new BroadcastChannel(channel);
  self.onEnginePanic = (panic) => reports.postMessage({ panic });
  try {
    await init({ module_or_path: module, memory, thread_stack_size: stackSize });
  } catch (error) {
    self.postMessage({ failed: inWords(error) });
    return;
  }
  self.postMessage({ ready: true });
  try {
    serve(receiver);
  } catch (error) {
    // A panic or trap here would otherwise be seen by nobody: the engine waits for this thread for ever.
    reports.postMessage({ died: outOfMemory() ? OUT_OF_MEMORY : inWords(error) });
  }
};
