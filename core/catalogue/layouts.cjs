// Storage layouts: no package ships them, so they are made from the packages' own sources.
// usage: node layouts.cjs <root> <source> <contract> <solc> …   (groups of three after the root)
// Prints one JSON object: "<source>:<contract>" → layout. Sources are read below `root` only.
const fs = require('node:fs');
const path = require('node:path');

const [root, ...rest] = process.argv.slice(2);
const layouts = {};
for (let i = 0; i < rest.length; i += 3) {
  const [source, contract, compiler] = rest.slice(i, i + 3);
  const solc = require(path.join(root, compiler));
  const input = {
    language: 'Solidity',
    sources: { [source]: { content: fs.readFileSync(path.join(root, source), 'utf8') } },
    settings: { outputSelection: { [source]: { [contract]: ['storageLayout'] } } },
  };
  const find = (name) => {
    const file = path.resolve(root, name);
    if (!file.startsWith(path.resolve(root) + path.sep) || !fs.existsSync(file)) return { error: `${name} not found` };
    return { contents: fs.readFileSync(file, 'utf8') };
  };
  // solc 0.5 takes the callback itself, later ones an object.
  const callback = compiler.startsWith('solc-0.5') ? find : { import: find };
  const output = JSON.parse(solc.compile(JSON.stringify(input), callback));
  const errors = (output.errors ?? []).filter((e) => e.severity === 'error');
  if (errors.length) throw new Error(errors.map((e) => e.formattedMessage).join('\n'));
  layouts[`${source}:${contract}`] = output.contracts[source][contract].storageLayout;
}
// The old compilers keep handlers that would print over the result.
process.stdout.write(JSON.stringify(layouts));
