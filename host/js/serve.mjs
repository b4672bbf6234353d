// Serves the page and the package to a browser on this machine. Nothing but what the page needs is served, and the
// page is told to load nothing from elsewhere.

import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
const TYPES = {
  '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.mjs': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.wasm': 'application/wasm',
  '.json': 'application/json',
};
const POLICY = [
  "default-src 'none'", "script-src 'self' 'wasm-unsafe-eval'", "style-src 'self' 'unsafe-inline'", "img-src 'self' data:", "font-src data:", "connect-src 'self'",
  "frame-src 'self'", "base-uri 'none'", "form-action 'none'",
].join('; ');

/** The file of an address, if it is one that is served. */
function fileOf(url, more) {
  let wanted;
  try {
    wanted = decodeURIComponent(new URL(url, 'http://localhost').pathname);
  } catch {
    // No address at all.
    return undefined;
  }
  if (wanted === '/') wanted = '/web/index.html';
  if (Object.hasOwn(more, wanted)) return more[wanted];
  const file = path.join(here, path.posix.normalize(wanted));
  const served = ['component', 'dist', 'web'].some((folder) => file.startsWith(path.join(here, folder) + path.sep));
  return served && !file.includes('\0') ? file : undefined;
}

/** Answers requests below these folders of the package; others do not exist. `more` maps further addresses to files. */
export function server(more = {}) {
  return createServer(async (request, response) => {
    const file = fileOf(request.url ?? '/', more);
    const type = file && TYPES[path.extname(file)];
    const body = type && await readFile(file).catch((error) => {
      // What is not there is no fault; anything else is told to whoever runs the server.
      if (error.code !== 'ENOENT' && error.code !== 'EISDIR') console.error(String(error));
      return undefined;
    });
    if (!body) {
      response.writeHead(404, { 'content-type': 'text/plain' });
      response.end('there is nothing here\n');
      return;
    }
    response.writeHead(200, { 'content-type': type, 'cache-control': 'no-cache', 'content-security-policy': POLICY, 'x-content-type-options': 'nosniff' });
    response.end(body);
  });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const port = Number(process.argv[2] ?? 8025);
  const running = server();
  running.on('error', (error) => {
    console.error(error.code === 'EADDRINUSE' ? `port ${port} is in use; name another one` : String(error));
    process.exitCode = 1;
  });
  running.listen(port, 'localhost', () => console.log(`The page is at http://localhost:${port}/ (Ctrl-C ends it)`));
}
