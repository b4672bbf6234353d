// The scenario in Node.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import * as mapi from 'mapi-session';
import { runScenario } from './scenario.mjs';

const file = new URL('../../../tests/scenario/scenario.json', import.meta.url);

test('the scenario passes in Node', async () => {
  const engine = await mapi.createEngine();
  const subsystem = await engine.subsystem();
  const results = runScenario(mapi, JSON.parse(await readFile(file, 'utf8')), subsystem);
  assert.ok(results.length >= 30, `the scenario has only ${results.length} steps`);
  for (const { step, expected, seen } of results) {
    if (expected !== undefined) assert.deepEqual(seen, expected, `${step.do}: ${step.rule ?? ''}`);
  }
  subsystem.dispose();
});
