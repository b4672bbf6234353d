// Noticing commits, of whichever process, without asking for them again and again: every commit writes to the write-ahead
// log, which the operating system tells of. The log is written before the commit can be read, so that after each sign of
// life the number of commits is looked up a few times.

import fs from 'node:fs';
import path from 'node:path';

/** When the number of commits is looked up after a sign of life, in milliseconds. */
const LOOKS = [0, 1, 2, 4, 8, 16, 32, 128, 512];

/**
 * Calls `changed` whenever the number of commits has risen. What is returned ends that.
 * @param {string} file
 * @param {() => number} commits
 * @param {() => void} changed
 * @returns {() => void}
 */
export function watchCommits(file, commits, changed) {
  // The operating system tells of files by their real names.
  const real = fs.realpathSync(file);
  const log = `${path.basename(real)}-wal`;
  let known = commits();
  /** @type {NodeJS.Timeout | undefined} */
  let timer;
  /** @param {number} number */
  const look = (number) => {
    const now = commits();
    const risen = now > known;
    known = now;
    const next = LOOKS[number + 1];
    timer = next === undefined ? undefined : setTimeout(look, next - LOOKS[number], number + 1);
    timer?.unref();
    if (risen) changed();
  };
  const watcher = fs.watch(path.dirname(real), { persistent: false }, (_, name) => {
    if (name !== log) return;
    clearTimeout(timer);
    look(0);
  });
  return () => {
    clearTimeout(timer);
    watcher.close();
  };
}
