// The package and its page in Chromium: the scenario, and what a person does with mail.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { missing, withPage } from './chromium.mjs';

const skip = missing();

test('the scenario passes in Chromium', { skip }, async () => {
  const results = await withPage(async (page, address) => {
    // Any page of the server will do; this one has no script of its own.
    await page.goto(`${address}/web/icon.svg`);
    return page.evaluate(async () => {
      const mapi = await import('/dist/index.js');
      const { runScenario } = await import('/test/scenario.mjs');
      const scenario = await (await fetch('/test/scenario.json')).json();
      const subsystem = await (await mapi.createEngine()).subsystem();
      return runScenario(mapi, scenario, subsystem);
    });
  });
  assert.ok(results.length >= 30, `the scenario has only ${results.length} steps`);
  for (const { step, expected, seen } of results) {
    if (expected !== undefined) assert.deepEqual(seen, expected, `${step.do}: ${step.rule ?? ''}`);
  }
});

const COUNT = 1500;

/** An archive of many messages, the last of which tries whatever HTML can try. */
function archive(tracker) {
  const parts = [];
  for (let number = 0; number < COUNT; number++) {
    const place = String((number * 7) % COUNT).padStart(4, '0');
    parts.push(`From ada@example.org Tue Jan  2 08:00:00 2024\nFrom: Ada <ada@example.org>\nTo: You <you@here.example>\nSubject: Note ${place}\nDate: Tue, 02 Jan 2024 08:00:00 +0000\nMessage-ID: <${number}@example.org>\n\nBody of note ${place}.\n>From the archive.\n\n`);
  }
  const hostile = [
    `<p id="text">Hostile <b>letter</b></p><script>parent.hacked = 1; top.document.title = 'hacked'; fetch('${tracker}/script')</script>`,
    `<img src="${tracker}/img.png" onerror="parent.hacked = 2"><link rel="stylesheet" href="${tracker}/style.css"><iframe src="${tracker}/frame"></iframe>`,
    `<div style="background:url(${tracker}/background.png)">.</div><svg onload="parent.hacked = 3"></svg><object data="${tracker}/object"></object>`,
    `<meta http-equiv="refresh" content="0; url=${tracker}/refresh"><video src="${tracker}/video" autoplay></video><a id="link" href="javascript:parent.hacked=4">link</a>`,
    `<style>@import url(${tracker}/import.css); @font-face { font-family: x; src: url(${tracker}/font.woff) } p { font-family: x }</style>`,
    `<form action="${tracker}/form"><input name="x" autofocus onfocus="parent.hacked = 5"><button id="send">send</button></form><base href="${tracker}/">`,
  ].join('\n');
  parts.push(`From eve@example.org Wed Jan  3 08:00:00 2024\nFrom: Eve <eve@example.org>\nTo: You <you@here.example>\nSubject: A hostile letter\nDate: Wed, 03 Jan 2024 08:00:00 +0000\nMessage-ID: <hostile@example.org>\nMIME-Version: 1.0\nContent-Type: text/html; charset=utf-8\n\n<html><body>${hostile}</body></html>\n\n`);
  return parts.join('');
}

/** Drops a file onto the page as a person does. */
async function dropFile(page, name, text) {
  const transfer = await page.evaluateHandle(([fileName, content]) => {
    const data = new DataTransfer();
    data.items.add(new File([content], fileName));
    return data;
  }, [name, text]);
  await page.dispatchEvent('body', 'dragenter', { dataTransfer: transfer });
  assert.ok(await page.isVisible('#drop'), 'the page shows where to drop');
  await page.dispatchEvent('body', 'drop', { dataTransfer: transfer });
}

test('an archive is dropped, sorted, searched, scrolled and read, and a message is sent', { skip }, async () => {
  const asked = [];
  const tracker = createServer((request, response) => {
    asked.push(request.url);
    response.end();
  });
  await new Promise((resolve) => { tracker.listen(0, 'localhost', resolve); });
  const outside = `http://localhost:${tracker.address().port}`;
  try {
    await withPage(async (page, address) => {
      const errors = [];
      page.on('pageerror', (error) => errors.push(error.message));
      const subjects = () => page.$$eval('.message:not([hidden])', (rows) =>
        rows.sort((a, b) => a.dataset.row - b.dataset.row).map((row) => row.querySelector('.subject').textContent));
      const count = () => page.textContent('#count');

      await page.goto(address);
      await page.waitForSelector('body[data-ready]');
      assert.match(await page.textContent('#empty'), /No mail yet/);

      await dropFile(page, 'archive.mbox', archive(outside));
      await page.waitForFunction((text) => document.querySelector('#count').textContent === text, `${(COUNT + 1).toLocaleString('en-US')} messages`, { timeout: 60_000 });
      assert.equal((await subjects())[0], 'A hostile letter', 'the newest comes first');
      assert.ok((await subjects()).length < 40, 'only what is in sight is drawn');

      await page.click('#columns button:has-text("Subject")');
      assert.deepEqual((await subjects()).slice(0, 3), ['A hostile letter', 'Note 0000', 'Note 0001']);
      await page.click('#columns button:has-text("Subject")');
      assert.deepEqual((await subjects()).slice(0, 2), [`Note ${COUNT - 1}`, `Note ${COUNT - 2}`]);

      await page.focus('#messages');
      await page.keyboard.press('End');
      await page.waitForFunction((row) => document.querySelector(`.message[data-row="${row}"]`)?.getAttribute('aria-selected') === 'true', COUNT);
      assert.equal((await subjects()).at(-1), 'A hostile letter');
      await page.$eval('#messages', (list) => { list.scrollTop = 700 * 60; });
      await page.waitForFunction(() => document.querySelector('.message[data-row="700"]:not([hidden]) .subject')?.textContent === 'Note 0799');

      await page.keyboard.press('/');
      await page.keyboard.type('body 0123');
      await page.waitForFunction(() => document.querySelector('#count').textContent === '1 found');
      assert.deepEqual(await subjects(), ['Note 0123']);
      await page.keyboard.press('Enter');
      await page.waitForSelector('.reader pre');
      assert.equal(await page.textContent('.reader pre'), 'Body of note 0123.\nFrom the archive.\n');
      await page.fill('#search', 'no such words');
      await page.waitForFunction(() => /Nothing found/.test(document.querySelector('#empty').textContent));
      await page.click('text=Clear search');
      await page.waitForFunction(() => document.querySelector('#count').textContent.endsWith('messages'));

      await page.fill('#search', 'hostile');
      await page.waitForFunction(() => document.querySelector('#count').textContent === '1 found');
      await page.click('.message:not([hidden])');
      const frame = await (await page.waitForSelector('.reader iframe')).contentFrame();
      await frame.waitForSelector('#text');
      assert.equal(await frame.textContent('#text'), 'Hostile letter');
      await frame.click('#link');
      await frame.click('#send');
      await page.waitForTimeout(1500);
      assert.equal(await page.evaluate(() => window.hacked), undefined, 'no script of a message runs');
      assert.ok(!(await page.title()).includes('hacked'));
      assert.deepEqual(asked, [], 'nothing of a message is loaded from outside');
      assert.match(await page.textContent('.notice'), /blocked/);
      await page.fill('#search', '');
      await page.waitForFunction(() => document.querySelector('#count').textContent.endsWith('messages'));

      await page.click('#compose');
      await page.fill('[name=to]', 'nobody');
      await page.fill('[name=subject]', 'Grüße');
      await page.fill('[name=body]', 'To myself.');
      await page.click('#composer [type=submit]');
      assert.match(await page.textContent('.hint.bad'), /is no address/);
      await page.fill('[name=to]', 'You <you@here.example>');
      await page.click('#composer [type=submit]');
      await page.waitForSelector('#composer', { state: 'hidden' });
      await page.waitForFunction((text) => document.querySelector('#count').textContent === text, `${(COUNT + 2).toLocaleString('en-US')} messages`);
      await page.click('#folders li:has-text("Sent Items")');
      assert.deepEqual(await subjects(), ['Grüße']);
      assert.equal(await count(), '1 message');
      await page.click('.message:not([hidden])');
      assert.match(await page.textContent('.reader pre'), /^To myself\./);
      await page.click('.reader [aria-label="Delete"]');
      await page.waitForFunction(() => /This folder is empty/.test(document.querySelector('#empty').textContent));
      await page.click('#folders li:has-text("Deleted Items")');
      assert.deepEqual(await subjects(), ['Grüße']);
      assert.deepEqual(errors, []);
    });
  } finally {
    tracker.close();
  }
});
