// Solidity's worker: loads the compiler that is asked for, and compiles. It reads neither input nor output; both are the
// compiler's standard JSON, as text.
//
//   page → worker   {id, type: 'compile', version, input} …
//   worker → page   {id, type: 'loading', part, done, total} …, then one of
//                   {id, type: 'compiled', output}
//                   {id, type: 'failed', cause: 'load' | 'crash' | 'memory', message}
//
// Requests are answered one after the other. To cancel, the page ends this worker and starts another; the browser's cache
// has the compiler then. After a crash the next request gets a fresh compiler.

/** Past this size, in bytes, a compiler's memory is given back: it never gets smaller by itself. */
const MUCH_MEMORY = 512 * 1024 * 1024;
/** The longest answer that is handed on, in characters: everything else in it is bounded by the input. */
const LONGEST_OUTPUT = 32 * 1024 * 1024;
/** A compiler's progress is told this often, in bytes. */
const STEP = 512 * 1024;

const post = (message) => self.postMessage(message);
const inWords = (error) => (error instanceof Error ? `${error.name}: ${error.message}` : String(error));

/** What went wrong, for the page. */
class Failure extends Error {
  constructor(cause, message) {
    super(message);
    this.reason = cause;
  }
}

async function get(path) {
  const url = new URL(path, import.meta.url);
  const response = await fetch(url).catch((error) => {
    throw new Failure('load', `${url.pathname} cannot be fetched (${inWords(error)})`);
  });
  if (!response.ok) throw new Failure('load', `${url.pathname}: ${response.status} ${response.statusText}`.trim());
  return response;
}

/** WebAssembly, compiled while it arrives. Hosts that call it something else do not matter. */
async function compiledWasm(path, progress) {
  const response = await get(path);
  const counted = new TransformStream({
    transform(chunk, controller) {
      progress(chunk.byteLength);
      controller.enqueue(chunk);
    },
  });
  const headers = { 'Content-Type': 'application/wasm' };
  return WebAssembly.compileStreaming(new Response(response.body.pipeThrough(counted), { headers })).catch((error) => {
    throw new Failure('load', `${path} is not the compiler (${inWords(error)})`);
  });
}

let index = null;

/** The files of a compiler. */
async function find(version) {
  index ??= get('./index.json').then((response) => response.json());
  index.catch(() => (index = null));
  const { compilers } = await index;
  const compiler = compilers.find((one) => one.version === version);
  if (!compiler) {
    const versions = compilers.map((one) => one.version).join(', ');
    throw new Failure('load', `there is no compiler ${version} here, only ${versions}`);
  }
  return compiler;
}

/** How to start a compiler: its script, and its WebAssembly if it has any. */
async function load({ version, files }, tell) {
  const total = files.reduce((sum, file) => sum + file.size, 0);
  let done = 0;
  let told = 0;
  const progress = (bytes) => {
    done += bytes;
    if (bytes && done - told < STEP && done < total) return;
    told = done;
    tell({ part: 'compiler', done, total });
  };
  progress(0);
  const file = (end) => files.find((one) => one.file.endsWith(end));
  const script = file('.js');
  const wasm = file('.wasm');
  const [glue, compiled] = await Promise.all([
    import(new URL(`./${script.file}`, import.meta.url)).then(
      (module) => (progress(script.size), module.default),
      (error) => {
        throw new Failure('load', `${script.file} cannot be loaded (${inWords(error)})`);
      },
    ),
    wasm && compiledWasm(`./${wasm.file}`, progress),
  ]);
  return { version, glue, compiled };
}

/** A compiler with a memory of its own. */
function start({ glue, compiled }) {
  const said = [];
  const say = (text) => said.length < 20 && said.push(String(text));
  const instantiateWasm = (imports, receive) => {
    const instance = new WebAssembly.Instance(compiled, imports);
    receive(instance);
    return instance.exports;
  };
  // `quit` throws, so that a compiler that ends itself does not look as if it had answered.
  const quit = (status) => {
    throw new Error(`the compiler ended with ${status}`);
  };
  const module = glue({ ...(compiled && { instantiateWasm }), print: say, printErr: say, quit });
  const text = module.UTF8ToString ?? module.Pointer_stringify;
  return {
    said,
    size: () => module.HEAPU8.length,
    compile(input) {
      const size = module.lengthBytesUTF8(input) + 1;
      const at = (module._solidity_alloc ?? module._malloc)(size);
      if (!at) throw new RangeError('out of memory');
      module.stringToUTF8(input, at, size);
      // No callback: whatever a source imports is in the input.
      const output = text((module._solidity_compile ?? module._compileStandard)(at, 0, 0));
      if (module._solidity_reset) module._solidity_reset();
      else module._free(at);
      return output;
    },
  };
}

/** How engines, emscripten and C++ say that memory is full. */
const FULL = /out of memory|\bOOM\b|enlarge memory|bad_alloc|allocation failed|could not allocate|invalid (array|typed array|string) length/i;

function failure(error, compiler) {
  const last = (compiler?.said ?? []).join(' ').trim();
  const words = [inWords(error), last].filter(Boolean).join('; ');
  if (FULL.test(words)) return new Failure('memory', `the compiler's memory is full (${words})`);
  if (error instanceof RangeError) {
    return new Failure('crash', `the compiler ran out of stack: an expression or a type is nested too deeply (${words})`);
  }
  return new Failure('crash', `the compiler has crashed (${words})`);
}

let loaded = null;
let compiler = null;

async function compile({ version, input }, tell) {
  if (typeof version !== 'string' || typeof input !== 'string') throw new Failure('load', 'version and input must be texts');
  if (loaded?.version !== version) {
    const found = await find(version);
    // Two compilers would take their memory twice.
    compiler = loaded = null;
    loaded = await load(found, tell);
  }
  try {
    compiler ??= start(loaded);
    const output = compiler.compile(input);
    // A compiler that has caught its own failed allocation says so in its answer.
    const isFull = compiler.size() > MUCH_MEMORY && output.includes('std::bad_alloc');
    if (isFull) throw new RangeError('out of memory: std::bad_alloc');
    if (output.length > LONGEST_OUTPUT) throw new RangeError(`out of memory: an answer of ${output.length} characters`);
    if (compiler.size() > MUCH_MEMORY) compiler = null;
    return output;
  } catch (error) {
    const broken = compiler;
    compiler = null;
    throw failure(error, broken);
  }
}

let last = Promise.resolve();

self.onmessage = ({ data }) => {
  const { id } = data;
  last = last.then(async () => {
    try {
      if (data.type !== 'compile') throw new Failure('load', `there is no request ${data.type}`);
      const output = await compile(data, (progress) => post({ id, type: 'loading', ...progress }));
      post({ id, type: 'compiled', output });
    } catch (error) {
      post({ id, type: 'failed', cause: error.reason ?? 'load', message: error.message ?? String(error) });
    }
  });
};
