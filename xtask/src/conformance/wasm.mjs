// Runs tests in the wasm engine under Node, one engine to a core:
//
//   node wasm.mjs ENGINE WORK    ENGINE: folder of the engine; WORK: JSON, [{suite, name, path, tests: [number …]} …]
//
// Writes one line of JSON for each test: {file, test, outcome}. A test that breaks its engine has an outcome that
// says so, and the next one starts with a fresh engine.

import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads';

if (isMainThread) main(...process.argv.slice(2));
else worker(workerData);

function main(folder, workFile) {
  const work = JSON.parse(readFileSync(workFile, 'utf8'));
  const module = new WebAssembly.Module(readFileSync(join(folder, 'engine_bg.wasm')));
  let next = 0;
  const cores = Math.min(availableParallelism(), work.length);
  for (let core = 0; core < cores; core++) {
    const worker = new Worker(new URL(import.meta.url), { workerData: { folder, module } });
    const give = () => {
      if (next < work.length) worker.postMessage({ file: next, ...work[next++] });
      else worker.postMessage(null);
    };
    worker.on('message', (lines) => {
      if (lines) process.stdout.write(lines);
      give();
    });
    worker.on('error', (error) => {
      console.error(error);
      process.exit(1);
    });
    give();
  }
}

function worker({ folder, module }) {
  let engines = 0;
  let glue;
  // What a broken engine says last.
  let panic = '';
  globalThis.onEnginePanic = (message) => (panic = message);
  const start = async () => {
    panic = '';
    // Under another address the glue is another module, with an instance of its own.
    glue = await import(`${pathToFileURL(join(folder, 'engine.js'))}?${engines++}`);
    glue.initSync({ module });
  };

  parentPort.on('message', async (file) => {
    if (!file) return parentPort.close();
    if (!glue) await start();
    const bytes = readFileSync(file.path);
    const text = (file.path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
    let lines = '';
    let tests;
    for (const test of file.tests) {
      let outcome;
      try {
        tests ??= new glue.ConformanceTests(file.suite, file.name, text);
        outcome = JSON.parse(tests.run(test));
      } catch (error) {
        outcome = { problem: `the engine broke: ${panic || error}` };
        tests = undefined;
        await start();
      }
      lines += `${JSON.stringify({ file: file.file, test, outcome })}\n`;
    }
    tests?.free();
    parentPort.postMessage(lines);
  });
}
