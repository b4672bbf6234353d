// The server of the page.

import assert from 'node:assert/strict';
import { request } from 'node:http';
import { test } from 'node:test';
import { server } from '../serve.mjs';

test('the page is served with its policy, and nothing else of the machine is', async () => {
  const running = server();
  await new Promise((resolve) => { running.listen(0, 'localhost', resolve); });
  // As it is written: a client that tidies addresses up would never ask for these.
  const ask = (path) => new Promise((resolve, reject) => {
    request({ host: 'localhost', port: running.address().port, path }, (response) => {
      response.resume();
      response.on('end', () => resolve([response.statusCode, response.headers['content-security-policy'] ?? '']));
    }).on('error', reject).end();
  });
  try {
    const [status, policy] = await ask('/');
    assert.equal(status, 200);
    assert.match(policy, /default-src 'none'/);
    assert.equal((await ask('/dist/index.js'))[0], 200);
    const hidden = [
      '/package.json', '/src/index.ts', '/web/../package.json', '/web/%2e%2e/package.json', '/web/..%2f..%2f..%2fREADME.md', '/web', '/web/tsconfig.nothing',
      '/%zz', '/web/index.html%00.html', '/constructor', '//etc/passwd', '/node_modules/typescript/package.json',
    ];
    for (const path of hidden) assert.equal((await ask(path))[0], 404, path);
  } finally {
    running.close();
  }
});
