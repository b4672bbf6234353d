/**
 * Mail to try the page with.
 */

const PEOPLE = [
  ['Ada Lovelace', 'ada'], ['Charles Babbage', 'charles'], ['Mary Somerville', 'mary'], ['Grace Hopper', 'grace'], ['Alan Turing', 'alan'],
  ['Hedy Lamarr', 'hedy'], ['Katherine Johnson', 'katherine'],
] as const;
const SUBJECTS = [
  'Notes on the engine', 'Minutes of Thursday', 'Draft of the paper', 'Lunch?', 'Re: Notes on the engine', 'Punched cards have arrived', 'Invoice 1843',
  'A question about loops', 'Travel plans', 'Re: Draft of the paper', 'The difference it makes', 'Schöne Grüße aus Zürich',
];
const HTML = `<div style="max-width:520px;font-family:sans-serif"><h2 style="color:#2f5bd8">The Analytical Letter</h2>
<p>This month: <b>looms</b>, <i>cards</i> and the arithmetic of patterns.</p>
<table cellpadding="8" style="border-collapse:collapse"><tr style="background:#eef2ff"><th>Card</th><th>Holes</th></tr><tr><td>No. 1</td><td>24</td></tr><tr><td>No. 2</td><td>31</td></tr></table>
<p><img src="https://tracker.example.org/open.png" alt="[a picture from outside]"></p></div>`;

/** So many messages as an .mbox archive, the newest of today. */
export function sampleMail(count: number, to: string): Uint8Array {
  const now = Date.now();
  const parts: string[] = [];
  for (let number = 0; number < count; number++) {
    const [name, user] = PEOPLE[(number * 3) % PEOPLE.length]!;
    const date = new Date(now - (count - 1 - number) * 5_400_000);
    const stamp = date.toUTCString();
    const letter = number % 9 === 4;
    const [type, body] = letter ? ['text/html', HTML] : ['text/plain', `Dear reader,\n\nthis is message ${number + 1} of ${count}. It was made by this page, and never left it.\n\n${name}`];
    parts.push([
      `From ${user}@example.org ${stamp.slice(0, 3)} ${stamp.slice(8, 11)} ${stamp.slice(5, 7)} ${stamp.slice(17, 25)} ${stamp.slice(12, 16)}`,
      `From: ${name} <${user}@example.org>`, `To: ${to}`, `Subject: =?utf-8?Q?${[...new TextEncoder().encode(letter ? 'The Analytical Letter' : SUBJECTS[number % SUBJECTS.length])].map((byte) => `=${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('')}?=`,
      `Date: ${stamp.replace('GMT', '+0000')}`, `Message-ID: <${number}.${now}@example.org>`, ...(number % 11 === 3 ? ['Importance: high'] : []),
      ...(number < count - 5 ? ['Status: RO'] : []), 'MIME-Version: 1.0', `Content-Type: ${type}; charset=utf-8`, 'Content-Transfer-Encoding: 8bit', '', body, '', '',
    ].join('\n'));
  }
  return new TextEncoder().encode(parts.join(''));
}
