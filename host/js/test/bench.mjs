// Measures what the goals are about and prints it as one line of JSON: `node test/bench.mjs table ROWS` or
// `node test/bench.mjs scroll ROWS`.

import { Backends, createEngine, descending } from 'mapi-session';

const [what, rows] = [process.argv[2], Number(process.argv[3])];
const median = (samples) => samples.sort((a, b) => a - b)[samples.length >> 1];

/** An archive of so many small messages. */
function archive(count) {
  const parts = [];
  for (let number = 0; number < count; number++) {
    parts.push(`From ada@example.org Tue Jan  2 08:00:00 2024\nFrom: Ada <ada@example.org>\nTo: You <you@here.example>\nSubject: Note ${(number * 7919) % count}\nDate: Tue, 02 Jan 2024 08:00:00 +0000\nMessage-ID: <${number}@example.org>\n\nBody ${number}\n\n`);
  }
  return parts.join('');
}

/** Milliseconds to read all rows of a table by columns, every cell looked at. */
async function table() {
  const subsystem = await (await createEngine()).subsystem(Backends.memory());
  subsystem.profiles().create('Bench');
  const { inbox } = subsystem.logon({ profile: 'Bench' }).defaultStore;
  inbox.import(new TextEncoder().encode(archive(rows)));
  const view = inbox.contents('subject', 'senderName', 'deliveredAt', 'size', 'messageFlags').sort(descending('deliveredAt'));
  const samples = [];
  for (let run = 0; run < 15; run++) {
    view.seek(0);
    const started = performance.now();
    const batch = view.read(rows);
    let seen = 0;
    for (const subject of batch.column('subject')) seen += subject.length;
    for (const sender of batch.column('senderName')) seen += sender.length;
    for (const size of batch.column('size').numbers) seen += size;
    for (const flags of batch.column('messageFlags').numbers) seen += flags;
    const ticks = batch.column('deliveredAt').numbers;
    samples.push(performance.now() - started);
    if (batch.length !== rows || ticks.length !== rows || seen === 0) throw new Error(`${batch.length} rows were read`);
  }
  subsystem.dispose();
  return { milliseconds: median(samples) };
}

/** Milliseconds the slowest frame takes to have its rows, scrolling and jumping through a folder in Chromium. */
async function scroll() {
  const { withPage } = await import('./chromium.mjs');
  return withPage(async (page, address) => {
    await page.goto(address);
    await page.waitForSelector('body[data-ready]');
    return page.evaluate(async ([text, wanted]) => {
      const { mail } = window;
      await mail.import([new File([text], 'archive.mbox')]);
      // The other rows are copies: importing so many takes minutes, and scrolls no other way.
      const { inbox } = mail.store;
      const table = inbox.contents('entryId');
      for (let count = table.length; count < wanted; count = table.length) {
        inbox.copyTo(inbox, ...Array.from(table.slice(0, Math.min(1000, wanted - count)), (row) => row.entryId));
      }
      mail.refresh();
      const host = document.querySelector('#messages');
      const frame = () => new Promise((resolve) => { requestAnimationFrame(() => resolve()); });
      const visit = async (places) => {
        for (const place of places) {
          host.scrollTop = place * 60;
          await frame();
          await frame();
        }
      };
      const jumps = Array.from({ length: 100 }, (_, at) => (at * 7919) % wanted);
      const steps = Array.from({ length: 300 }, (_, at) => wanted / 2 + at * 5);
      await visit(jumps.slice(0, 10));
      mail.list.frames.length = 0;
      await visit(jumps);
      await visit(steps);
      const frames = [...mail.list.frames].sort((a, b) => a - b);
      const last = document.querySelector(`.message[data-row="${steps.at(-1)}"]:not([hidden])`);
      if (mail.list.count !== wanted || frames.length < 400 || !last) throw new Error(`${mail.list.count} rows, ${frames.length} frames`);
      return { milliseconds: frames.at(-1), median: frames[frames.length >> 1], p99: frames[Math.floor(frames.length * 0.99)], frames: frames.length };
    }, [archive(2000), rows]);
  });
}

const measured = { table, scroll }[what];
if (!measured || !(rows > 0)) throw new Error('say table or scroll, and how many rows');
console.log(JSON.stringify(await measured()));
