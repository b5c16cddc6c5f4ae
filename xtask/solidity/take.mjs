// Takes the compilers out of the npm packages `solc`: soljson.js has its WebAssembly in it as text, so it could neither be
// compiled while it arrives nor be kept compiled by the browser.
// usage: node take.mjs MODULES OUT VERSION …
// Writes OUT/VERSION/solc.js, solc.wasm (if the compiler has one) and LICENSE.txt, starts each compiler once, and prints
// what it says of itself: [{version, long, wasm, evmVersions}].
import fs from 'node:fs';
import path from 'node:path';
import vm from 'node:vm';
import { pathToFileURL } from 'node:url';

/** Longer than any text of the glue, shorter than any compiler. */
const LONG = 1_000_000;

/** The quoted text of more than `LONG` characters: from its first character to its closing quote. */
function longText(script) {
  for (let from = script.indexOf('"'); from >= 0; ) {
    const to = script.indexOf('"', from + 1);
    if (to < 0) return null;
    if (to - from > LONG && /^[A-Za-z0-9+/=:;,-]*$/.test(script.slice(from + 1, from + 1000))) return { from: from + 1, to };
    from = to;
  }
  return null;
}

/** The glue without its WebAssembly, and the WebAssembly. */
function separated(script) {
  const text = longText(script);
  if (!text) throw new Error('soljson.js contains no WebAssembly as text');
  const first = script.slice(0, script.indexOf('\n'));
  if (first.trim() === 'var Module = Module || {};') {
    // Since 0.8: the first statement unpacks it, so that is what is run here.
    const end = script.indexOf(');', text.to) + 2;
    const sandbox = vm.createContext({});
    vm.runInContext(script.slice(0, end), sandbox);
    return { glue: script.slice(end), wasm: Buffer.from(sandbox.Module.wasmBinary) };
  }
  const data = script.slice(text.from, text.to);
  const wasm = Buffer.from(data.slice(data.indexOf(',') + 1), 'base64');
  return { glue: `${script.slice(0, text.from)}solc.wasm${script.slice(text.to)}`, wasm };
}

/** The glue as a function of its own: no name of it reaches the worker, and it takes no browser for Node. */
const wrapped = (version, glue) => `// The Solidity compiler ${version}: GPL-3.0, see LICENSE.txt beside this file.
// Made from soljson.js of the npm package solc@${version} by xtask/solidity/take.mjs.
export default function (Module) {
const importScripts = () => {};
let process, window, require, module, exports, define;
${glue}
return Module;
}
`;

const FORKS = [
  'homestead', 'tangerineWhistle', 'spuriousDragon', 'byzantium', 'constantinople', 'petersburg', 'istanbul', 'berlin',
  'london', 'paris', 'shanghai', 'cancun', 'prague', 'osaka', 'amsterdam',
];

async function start(folder, wasm) {
  const { default: glue } = await import(pathToFileURL(path.resolve(folder, 'solc.js')));
  const compiled = wasm && new WebAssembly.Module(wasm);
  const instantiateWasm = (imports, receive) => {
    const instance = new WebAssembly.Instance(compiled, imports);
    receive(instance);
    return instance.exports;
  };
  return glue(compiled ? { instantiateWasm } : {});
}

function facts(version, wasm, compiler) {
  const text = compiler.UTF8ToString ?? compiler.Pointer_stringify;
  const compile = (input) => {
    const json = JSON.stringify(input);
    const size = compiler.lengthBytesUTF8(json) + 1;
    const at = (compiler._solidity_alloc ?? compiler._malloc)(size);
    compiler.stringToUTF8(json, at, size);
    const output = text((compiler._solidity_compile ?? compiler._compileStandard)(at, 0, 0));
    compiler._solidity_reset?.();
    return JSON.parse(output);
  };
  const knows = (evmVersion) => {
    const output = compile({
      language: 'Solidity',
      sources: { 'A.sol': { content: 'pragma solidity >=0.4.0; contract A { uint a; }' } },
      settings: { evmVersion, outputSelection: { '*': { '*': ['evm.bytecode.object'] } } },
    });
    return Boolean(output.contracts?.['A.sol']?.A?.evm?.bytecode?.object);
  };
  const long = text((compiler._solidity_version ?? compiler._version)());
  if (!long.startsWith(`${version}+commit.`)) throw new Error(`solc ${version} says that it is ${long}`);
  return {
    licence: text((compiler._solidity_license ?? compiler._license)()),
    facts: { version, long: long.replace('.Emscripten.clang', ''), wasm: Boolean(wasm), evmVersions: FORKS.filter(knows) },
  };
}

const [modules, out, ...versions] = process.argv.slice(2);
// Where the glue believes itself to be.
globalThis.self = { location: { href: 'solc.js' } };
const all = [];
for (const version of versions) {
  const folder = path.join(out, version);
  fs.mkdirSync(folder, { recursive: true });
  const script = fs.readFileSync(path.join(modules, `solc-${version}`, 'soljson.js'), 'utf8');
  // Compilers before 0.6 are JavaScript that computes as WebAssembly would.
  const { glue, wasm } = script.includes('"almost asm"') ? { glue: script } : separated(script);
  fs.writeFileSync(path.join(folder, 'solc.js'), wrapped(version, glue));
  if (wasm) fs.writeFileSync(path.join(folder, 'solc.wasm'), wasm);
  const { licence, facts: known } = facts(version, wasm, await start(folder, wasm));
  fs.writeFileSync(path.join(folder, 'LICENSE.txt'), licence);
  all.push(known);
}
process.stdout.write(JSON.stringify(all));
