// A headless Chromium over a server of the package.

import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { server } from '../serve.mjs';

/** Debian's package. */
const PROGRAM = process.env.CHROMIUM ?? '/usr/bin/chromium';

/** Why tests in a browser cannot run here; in CI that is a failure. */
export function missing() {
  if (existsSync(PROGRAM)) return false;
  const reason = `${PROGRAM} is not there; run \`cargo xtask test\``;
  if (process.env.CI) throw new Error(reason);
  console.error(`SKIPPED: ${reason}`);
  return reason;
}

const file = (path) => fileURLToPath(new URL(path, import.meta.url));

/** Starts both; `work` is given a new page and the address of the server. */
export async function withPage(work, options = {}) {
  const running = server({ '/test/scenario.mjs': file('scenario.mjs'), '/test/scenario.json': file('../../../tests/scenario/scenario.json') });
  await new Promise((resolve) => { running.listen(0, 'localhost', resolve); });
  const browser = await chromium.launch({
    executablePath: PROGRAM,
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });
  try {
    const page = await browser.newPage({ viewport: { width: 1360, height: 820 }, ...options });
    return await work(page, `http://localhost:${running.address().port}`);
  } finally {
    await browser.close();
    running.close();
  }
}
