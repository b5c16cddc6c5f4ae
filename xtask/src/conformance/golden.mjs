// Makes simulated runs in the wasm engine under Node:
//
//   node golden.mjs ENGINE GOLDEN CATALOGUE...    ENGINE: folder of the engine; GOLDEN: a line for each run
//
// Writes each line as the engine has it.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [folder, golden, ...catalogue] = process.argv.slice(2);
globalThis.onEnginePanic = (message) => console.error(message);
const glue = await import(pathToFileURL(join(folder, 'engine.js')));
glue.initSync({ module: readFileSync(join(folder, 'engine_bg.wasm')) });
const runs = new glue.SimulatedRuns(catalogue.map((file) => readFileSync(file, 'utf8')));
for (const line of readFileSync(golden, 'utf8').trim().split('\n')) console.log(runs.run(line));
