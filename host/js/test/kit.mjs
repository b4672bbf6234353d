// The conformance kit of backends (tests/kit), translated for JavaScript: every promise of the imports as a check.

import { createHash } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));

/** Where `cargo xtask test` builds it. */
const KIT = path.join(here, '../../../target/guest/backend-kit.wasm');

/** Why the kit cannot be run here, if it cannot; in CI it has to be. */
export function absent() {
  if (existsSync(KIT)) return false;
  if (process.env.CI) throw new Error(`${KIT} is not there`);
  return `${KIT} is not there; run cargo xtask test`;
}

/** Translates the kit, unless that was done before. */
async function translated() {
  const name = createHash('sha256').update(await readFile(KIT)).digest('hex').slice(0, 16);
  const folder = path.join(here, '../node_modules/.cache/backend-kit', name);
  if (!existsSync(path.join(folder, 'kit.js'))) {
    await rm(path.dirname(folder), { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
    const jco = path.join(here, '../node_modules/.bin/jco');
    const { status } = spawnSync(jco, ['transpile', KIT, '--instantiation', 'async', '--name', 'kit', '--quiet', '--out-dir', folder], { stdio: 'inherit' });
    if (status !== 0) throw new Error('the kit cannot be translated');
  }
  return folder;
}

/**
 * Runs the checks of some suites; the promises that were broken, and how many checks there were.
 * @param {object} imports what a session would be instantiated with
 * @param {string[]} suites
 * @param {{ backend: string, address?: string }} subject
 */
export async function run(imports, suites, subject) {
  const folder = await translated();
  const { instantiate } = await import(pathToFileURL(path.join(folder, 'kit.js')).href);
  const modules = new Map();
  const core = async (name) => {
    if (!modules.has(name)) modules.set(name, await WebAssembly.compile(await readFile(path.join(folder, name))));
    return modules.get(name);
  };
  const fresh = async () => (await instantiate(core, imports)).suites;
  let kit = await fresh();
  const broken = [];
  let count = 0;
  for (const suite of suites) {
    for (const name of kit.checks(suite, subject)) {
      count += 1;
      try {
        kit.run(suite, name, subject);
      } catch (error) {
        broken.push(`${suite}: ${name}: ${error.payload ?? error.stack}`);
        // A trap ends the instance.
        if (error.payload === undefined) kit = await fresh();
      }
    }
  }
  return { broken, count };
}
