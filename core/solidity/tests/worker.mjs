// Runs the page's worker for Solidity in Node, for tests: messages on standard input, one JSON to a line, answers on standard
// output. `fetch` reads the compilers' folder.
// usage: node worker.mjs WORKER COMPILERS
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import readline from 'node:readline';
import { fileURLToPath, pathToFileURL } from 'node:url';

const [worker, compilers] = process.argv.slice(2);
// The worker finds the compilers beside itself. Links, because they are large.
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'evm-lanes-solc-'));
process.on('exit', () => fs.rmSync(folder, { recursive: true, force: true }));
fs.cpSync(compilers, folder, { recursive: true, filter: (from) => !/\.(js|wasm)$/.test(from) });
for (const name of fs.readdirSync(compilers, { recursive: true }).filter((name) => /\.(js|wasm)$/.test(name))) {
  const from = path.join(compilers, name);
  try {
    fs.linkSync(from, path.join(folder, name));
  } catch {
    fs.copyFileSync(from, path.join(folder, name));
  }
}
fs.copyFileSync(worker, path.join(folder, 'worker.js'));

globalThis.fetch = async (url) => {
  const file = fileURLToPath(url);
  if (!fs.existsSync(file)) return new Response('', { status: 404, statusText: 'Not Found' });
  return new Response(fs.readFileSync(file), { headers: { 'Content-Type': 'application/octet-stream' } });
};
let open = 0;
let ended = false;
globalThis.self = {
  location: pathToFileURL(path.join(folder, 'worker.js')),
  postMessage(message) {
    fs.writeSync(1, `${JSON.stringify(message)}\n`);
    if (message.type !== 'loading') open -= 1;
    if (ended && !open) process.exit();
  },
};
await import(pathToFileURL(path.join(folder, 'worker.js')));
const lines = readline.createInterface({ input: process.stdin });
lines.on('line', (line) => {
  open += 1;
  self.onmessage({ data: JSON.parse(line) });
});
lines.on('close', () => {
  ended = true;
  if (!open) process.exit();
});
