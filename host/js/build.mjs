// Translates the component for JavaScript and compiles the package. The component is the argument, the one
// MAPI_SESSION_WASM names, or the one of the workspace. What was translated already is not translated again.

import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
const wasm = path.resolve(process.argv[2] ?? process.env.MAPI_SESSION_WASM ?? path.join(here, '../../target/guest/session.wasm'));
const folder = path.join(here, 'component');
const stamp = path.join(folder, 'source.txt');

function run(program, ...args) {
  const bin = path.join(here, 'node_modules/.bin', program);
  const { status, error } = spawnSync(bin, args, { cwd: here, stdio: ['ignore', 'inherit', 'inherit'] });
  if (error) throw error;
  if (status !== 0) process.exit(status ?? 1);
}

if (!existsSync(wasm)) {
  console.error(`${wasm} is not there: build the component first, or say where it is`);
  process.exit(1);
}
const jco = JSON.parse(await readFile(path.join(here, 'package.json'), 'utf8')).devDependencies['@bytecodealliance/jco'];
const source = `jco ${jco} sha256 ${createHash('sha256').update(await readFile(wasm)).digest('hex')}\n`;
if (!existsSync(stamp) || await readFile(stamp, 'utf8') !== source) {
  const fresh = `${folder}.new`;
  await rm(fresh, { recursive: true, force: true });
  run('jco', 'transpile', wasm, '--instantiation', 'async', '--name', 'session', '--quiet', '--out-dir', fresh);
  await mkdir(fresh, { recursive: true });
  await writeFile(path.join(fresh, 'source.txt'), source);
  await rm(folder, { recursive: true, force: true });
  await rename(fresh, folder);
}
run('tsc', '--project', 'tsconfig.json');
run('tsc', '--project', 'web/tsconfig.json');
