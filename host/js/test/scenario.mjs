// The scenario every host passes (tests/scenario): its steps through the API of this package, which is handed in: the
// same module runs in Node and in a page.
//
// `runScenario` answers what was seen in each step; whoever calls it compares that with what the step expects.

/** A cell as the scenario writes it: times as ticks, bytes as hexadecimal digits, absent values as null. */
function written(value) {
  if (value === undefined || value === null) return null;
  if (value instanceof Date) return String(value.ticks);
  if (value instanceof Uint8Array) return Array.from(value, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return value;
}

const bytesOf = (hex) => Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
const codeName = (code) => code.toUpperCase().replaceAll('-', '_');

/** What a call that must fail failed with. */
function failure(work) {
  try {
    work();
  } catch (error) {
    if (error.name === 'MapiError') return { code: codeName(error.code), number: `0x${error.number.toString(16).padStart(8, '0')}` };
    throw error;
  }
  return { code: 'S_OK' };
}

class Runner {
  constructor(mapi, scenario, subsystem) {
    this.mapi = mapi;
    this.tags = Object.fromEntries(Object.entries(scenario.tags).map(([name, tag]) => [name, Number(tag)]));
    this.subsystem = subsystem;
    this.events = new Map();
  }

  tag(name) {
    const tag = this.tags[name];
    if (tag === undefined) throw new Error(`the scenario names no tag ${name}`);
    return tag;
  }

  constant(tag, value) {
    const wire = { 0x1f: 'unicode', 3: 'long', 0x0b: 'boolean', 0x40: 'systime', 0x102: 'binary' }[tag & 0xffff];
    return { tag, value: { tag: wire, val: wire === 'systime' ? BigInt(value) : value } };
  }

  /** A restriction of its JSON form. */
  restriction(form) {
    const [[kind, value]] = Object.entries(form);
    const join = (node, parts) => ({ nodes: [node, ...parts.flatMap((part) => part.nodes)], constants: parts.flatMap((part) => part.constants) });
    switch (kind) {
      case 'and': case 'or': return join({ tag: kind, val: value.length }, value.map((part) => this.restriction(part)));
      case 'not': return join({ tag: 'not' }, [this.restriction(value)]);
      case 'recipient': return join({ tag: 'sub-restriction', val: 0x0e12000d }, [this.restriction(value)]);
      case 'exist': return { nodes: [{ tag: 'exist', val: this.tag(value) }], constants: [] };
      case 'bits': return { nodes: [{ tag: 'bitmask', val: { relation: value.relation, tag: this.tag(value.tag), mask: value.mask } }], constants: [] };
      case 'property': {
        const tag = this.tag(value.tag);
        return { nodes: [{ tag: 'property', val: { relop: value.relop, tag } }], constants: [this.constant(tag, value.value)] };
      }
      case 'content': {
        const tag = this.tag(value.tag);
        const fuzzy = Object.fromEntries(value.how.map((name) => [`fl${name[0].toUpperCase()}${name.slice(1)}`, true]));
        return { nodes: [{ tag: 'content', val: { fuzzy, tag } }], constants: [this.constant(tag, value.text)] };
      }
      default: throw new Error(`the scenario has an unknown restriction ${kind}`);
    }
  }

  /** The contents table of a step, in its order and restricted. */
  view(step, columns) {
    const folder = this.store.folder(step.folder);
    const table = folder.contents(...columns.map((name) => this.tag(name)));
    const keys = (step.sort ?? []).map(([name, direction]) => (direction === 'ascend' ? this.mapi.ascending : this.mapi.descending)(this.tag(name)));
    table.categorize(step.categories ?? 0, step.expanded ?? 0, ...keys);
    return table;
  }

  withMessage(step, work) {
    const table = this.view({ folder: step.folder }, ['entryId']);
    table.restrict(this.restriction({ property: { tag: 'internetMessageId', relop: 'eq', value: step.messageId } }));
    const row = table.read(1).at(0);
    if (!row) throw new Error(`there is no message ${step.messageId}`);
    const message = this.store.message(row[this.tag('entryId')]);
    return work(message);
  }

  counts(folder) {
    const opened = this.store.folder(folder);
    const { contentCount, unreadCount } = opened.properties.pick('contentCount', 'unreadCount');
    return { contentCount, unreadCount };
  }

  profile(step) {
    const admin = this.subsystem.profiles();
    admin.create(step.name);
    const services = admin.services(step.name);
    for (const { name, settings } of step.services) {
      services.add(name, Object.fromEntries(Object.entries(settings).map(([tag, value]) => [Number(tag), value])));
    }
    return undefined;
  }

  logon(step) {
    this.session = this.subsystem.logon({ profile: step.profile });
    this.store = this.session.defaultStore;
    const stores = this.session.stores();
    return { stores: stores.length, addressTypes: this.session.addressTypes() };
  }

  'logon-fails'(step) {
    return failure(() => this.subsystem.logon({ profile: step.profile }));
  }

  folders() {
    const top = this.store.top;
    const table = top.folders();
    return Array.from(table, (row) => row.displayName).sort();
  }

  'create-folder'(step) {
    const top = this.store.top;
    const folder = top.createFolder(step.name, step.comment);
    return folder.properties.pick('comment', 'contentCount');
  }

  import(step) {
    const folder = this.store.folder(step.folder);
    const encoder = new TextEncoder();
    const sizes = step.messages.map((text) => {
      const { messages, bytes } = folder.import(encoder.encode(text));
      if (messages !== 1) throw new Error(`${messages} messages were imported in place of one`);
      return bytes;
    });
    return { sizes, ...this.counts(step.folder) };
  }

  table(step) {
    const table = this.view(step, step.columns);
    if (step.restrict) table.restrict(this.restriction(step.restrict));
    const [from, count] = [step.from ?? 0, step.count ?? 1000];
    const batch = table.slice(from, count);
    const rows = Array.from({ length: batch.length }, (_, row) => step.columns.map((name) => written(batch.column(this.tag(name)).at(row))));
    // The same rows one by one.
    table.seek(from);
    const typed = table.wire.queryRows(count, {}).map(({ cells }) => cells.map((cell) => written(new this.mapi.Column(
      { tag: cell.tag, present: new Uint8Array(), data: { tag: 'mixed', val: [cell.value] } }, 1).at(0))));
    if (JSON.stringify(typed) !== JSON.stringify(rows)) throw new Error(`rows and columns differ: ${JSON.stringify({ typed, rows })}`);
    return { count: table.length, rows };
  }

  find(step) {
    const table = this.view(step, ['internetMessageId']);
    const restriction = this.restriction(step.restrict);
    const answer = failure(() => this.subsystem.run(() => table.wire.findRow(restriction, { tag: 'beginning' }, {})));
    return answer.code === 'S_OK' ? { position: table.position } : answer;
  }

  message(step) {
    return this.withMessage(step, (message) => {
      const recipients = message.recipients();
      const attachments = message.attachments();
      return {
        properties: step.columns.map((name) => written(message.properties.get(this.tag(name)))),
        recipients: Array.from(recipients, (row) => [row.displayName, row.emailAddress, row.recipientType]),
        attachments: Array.from(attachments, (row) => {
          const attachment = message.attachment(row.attachmentNumber);
          return [row.attachmentName, written(attachment.bytes)];
        }),
      };
    });
  }

  'mark-read'(step) {
    this.withMessage(step, (message) => message.markRead());
    return { unreadCount: this.counts(step.folder).unreadCount };
  }

  'add-entry'(step) {
    const book = this.session.addressBook();
    const personal = book.personal;
    personal.add({ displayName: step.displayName, emailAddress: step.emailAddress });
    return undefined;
  }

  resolve(step) {
    const book = this.session.addressBook();
    const [{ verdict, properties }] = book.resolve(step.name);
    if (verdict !== 'resolved') return { verdict };
    return { verdict, displayName: properties.get('displayName'), emailAddress: properties.get('emailAddress') };
  }

  watch(step) {
    const events = Object.fromEntries(step.events.map((name) => [`fnev${name.split('-').map((word) => word[0].toUpperCase() + word.slice(1)).join('')}`, true]));
    this.store.watch({ events }, ({ tag }) => this.events.set(tag, (this.events.get(tag) ?? 0) + 1));
    return undefined;
  }

  submit(step) {
    const outbox = this.store.outbox;
    const sent = this.store.sent;
    const message = outbox.createMessage({ messageClass: 'IPM.Note', subject: step.subject, body: step.body });
    message.addRecipients(...step.to);
    message.submit(sent.entryId);
    this.subsystem.settle();
    return undefined;
  }

  notifications(step) {
    this.subsystem.settle();
    return Object.fromEntries(Object.keys(step.expect).map((name) => [name, this.events.get(name) ?? 0]));
  }

  open(step) {
    return failure(() => this.store.open(bytesOf(step.entryId)));
  }

  logoff() {
    const folder = this.store.root;
    const table = folder.folders();
    this.session.logoff();
    return failure(() => table.length);
  }
}

/** Runs the scenario in a new subsystem: for each step what it expects and what was seen. */
export function runScenario(mapi, scenario, subsystem) {
  const runner = new Runner(mapi, scenario, subsystem);
  return scenario.steps.map((step) => {
    if (typeof runner[step.do] !== 'function') throw new Error(`the scenario has an unknown step ${step.do}`);
    return { step, expected: step.expect, seen: runner[step.do](step) };
  });
}
