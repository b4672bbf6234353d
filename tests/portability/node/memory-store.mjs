// A message store backend in memory: the smallest thing that satisfies `store-backend`. It answers
// "unsupported" to every plan, so the engine filters and sorts by itself.

const NOT_FOUND = { code: 'not-found', raw: 0x8004010f };
const OBJECT_CHANGED = { code: 'object-changed', raw: 0x80040109 };

const PT = { unicode: 0x1f, string8: 0x1e, binary: 0x102, boolean: 0x0b, long: 3, i8: 0x14, currency: 6, systime: 0x40 };
const CONTENT_COUNT = 0x36020003, CONTENT_UNREAD = 0x36030003, ASSOC_CONTENT_COUNT = 0x36170003, SUBFOLDERS = 0x360a000b;
const MESSAGE_FLAGS = 0x0e070003;

const KINDS = {
  'subfolders': ['folder', 'search-folder'], 'contents': ['message'], 'associated': ['associated'],
  'recipients': ['recipient'], 'attachments': ['attachment'],
};

const hex = (bytes) => Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('');
const utf8 = new TextEncoder();
const fromUtf8 = new TextDecoder();

export function guid(text) {
  const bytes = new Uint8Array(16);
  for (let i = 0; i < 16; i++) bytes[i] = parseInt(text.slice(2 * i, 2 * i + 2), 16);
  return guidOf(bytes);
}

// The record a `guid` is: its 16 bytes as two little-endian halves would be; see types.wit.
function guidOf(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, 16);
  return { hi: view.getBigUint64(0), lo: view.getBigUint64(8) };
}

export function failure(kind, message) {
  return { code: kind, origin: { tag: 'session' }, tag: undefined, argument: undefined, retry: false, message, lowLevel: 0 };
}

export function missing(what) {
  throw failure(NOT_FOUND, `there is no ${what}`);
}

function sizeOf(value) {
  if (typeof value.val === 'string') return value.val.length * 2;
  return value.val?.length ?? 8;
}

export class MemoryStore {
  #objects = new Map();
  #staged = new Map();
  #names = new Map();
  #nextId = 1;
  #arrival = 0n;
  #commit = 0n;
  #feed = [];

  constructor() {
    this.#add(this.#id(), 'store', undefined);
    const root = this.#id();
    this.#add(root, 'folder', root);
    this.#put(this.#get(root), 0x3001001f, { tag: 'unicode', val: 'Root' });
  }

  #id() {
    const id = new Uint8Array(8);
    new DataView(id.buffer).setBigUint64(0, BigInt(this.#nextId++));
    return id;
  }

  #add(id, kind, parent) {
    this.#arrival += 1n;
    this.#objects.set(hex(id), { id, kind, parent, version: 1n, arrival: this.#arrival, props: new Map() });
  }

  #get(id) {
    return this.#objects.get(hex(id)) ?? missing(`object ${hex(id)}`);
  }

  #put(object, tag, value) {
    object.props.set(tag >>> 16, { tag: tag >>> 0, value });
  }

  #children(parent, kinds) {
    const wanted = hex(parent);
    return [...this.#objects.values()].filter((o) => o.parent && kinds.includes(o.kind) && hex(o.parent) === wanted && hex(o.id) !== wanted);
  }

  #property(object, tag) {
    if (object.kind === 'folder' || object.kind === 'search-folder') {
      const count = (kinds) => this.#children(object.id, kinds);
      const unread = () => count(['message']).filter((m) => !((m.props.get(MESSAGE_FLAGS >>> 16)?.value.val ?? 0) & 1));
      switch (tag >>> 0) {
        case CONTENT_COUNT: return { tag, value: { tag: 'long', val: count(['message']).length } };
        case CONTENT_UNREAD: return { tag, value: { tag: 'long', val: unread().length } };
        case ASSOC_CONTENT_COUNT: return { tag, value: { tag: 'long', val: count(['associated']).length } };
        case SUBFOLDERS: return { tag, value: { tag: 'boolean', val: count(KINDS.subfolders).length > 0 } };
      }
    }
    return object.props.get(tag >>> 16);
  }

  identity() {
    return {
      uid: guid('6a617661736372697074206d656d6f72'), kind: guid('6a617661736372697074206b696e6420'),
      mappingSignature: guid('6a61766173637269707420736967206d'),
      store: this.#objects.values().next().value.id, root: [...this.#objects.values()][1].id,
      privateEntry: utf8.encode('javascript'), writable: true,
      capabilities: { feed: true, attachments: true, submit: true },
      index: { ordered: new Uint32Array(), searched: new Uint32Array(), keyVersion: 0 },
    };
  }

  read(id, want, inlineLimit) {
    const object = this.#get(id);
    const tags = want.tag === 'all' ? [...object.props.values()].map((p) => p.tag) : [...want.val];
    const properties = [];
    for (const tag of tags) {
      const found = this.#property(object, tag);
      if (!found) continue;
      const tooLong = sizeOf(found.value) > inlineLimit;
      properties.push(tooLong ? { tag: ((found.tag & 0xffff0000) | 0x0a) >>> 0, value: { tag: 'error', val: 0x8007000e } } : found);
    }
    const { kind, parent, version, arrival } = object;
    return { head: { kind, parent, version, arrival, deleted: false }, properties };
  }

  listTags(id) {
    return [...this.#get(id).props.values()].map((p) => ({ tag: p.tag, size: BigInt(sizeOf(p.value)) })).sort((a, b) => a.tag - b.tag);
  }

  #batch(objects, columns, cellLimit) {
    const ids = { bytes: new Uint8Array(objects.length * 8), ends: new Uint32Array(objects.length) };
    objects.forEach((object, row) => { ids.bytes.set(object.id, row * 8); ids.ends[row] = (row + 1) * 8; });
    const cut = (value) => {
      if (!cellLimit) return value;
      if (value.tag === 'unicode' && value.val.length > cellLimit) return { tag: 'unicode', val: value.val.slice(0, cellLimit) };
      if (value.tag === 'binary' && value.val.length > 2 * cellLimit) return { tag: 'binary', val: value.val.slice(0, 2 * cellLimit) };
      return value;
    };
    return {
      ids, arrivals: BigUint64Array.from(objects, (o) => o.arrival), parents: { bytes: new Uint8Array(), ends: new Uint32Array() },
      kinds: objects.map((o) => o.kind),
      columns: [...columns].map((tag) => {
        const present = new Uint8Array(Math.ceil(objects.length / 8));
        const cells = objects.map((object, row) => {
          const found = this.#property(object, tag);
          if (!found) return { tag: 'null' };
          present[row >> 3] |= 1 << (row & 7);
          return cut(found.value);
        });
        return { tag, present, data: { tag: 'mixed', val: cells } };
      }),
    };
  }

  readRows(ids, columns, cellLimit) {
    return this.#batch(ids.map((id) => this.#objects.get(hex(id))).filter(Boolean), columns, cellLimit);
  }

  plan(request) {
    return { filters: request.filters.map(() => 'unsupported'), order: request.order.length ? 'unsupported' : 'exact', counts: false, positions: false, groups: false };
  }

  scan(request) {
    const containers = request.scope.tag === 'one' ? [request.scope.val] : request.scope.val.ids;
    let rows = containers.flatMap((id) => this.#children(id, KINDS[request.kind] ?? []));
    rows.sort((a, b) => (a.arrival < b.arrival ? -1 : 1));
    if (request.backwards) rows.reverse();
    const { tag, val } = request.start;
    const ahead = (a, b) => (request.backwards ? a < b : a > b);
    if (tag === 'after') rows = rows.filter((o) => ahead(o.arrival, val.arrival));
    if (tag === 'at') rows = rows.filter((o) => o.arrival === val.arrival || ahead(o.arrival, val.arrival));
    const page = rows.slice(0, request.max);
    const last = page.length ? { keys: [], arrival: page[page.length - 1].arrival } : undefined;
    return { batch: this.#batch(page, request.columns, request.cellLimit), last, more: rows.length > page.length };
  }

  count() { throw failure(NOT_FOUND, 'counts were not promised'); }
  rank() { throw failure(NOT_FOUND, 'positions were not promised'); }
  groups() { throw failure(NOT_FOUND, 'groups were not promised'); }

  containerTags(container, kind) {
    const tags = new Set(this.#children(container, KINDS[kind] ?? []).flatMap((o) => [...o.props.values()].map((p) => p.tag)));
    return Uint32Array.from([...tags].sort((a, b) => a - b));
  }

  readRange(id, tag, offset, length) {
    const found = this.#get(id).props.get(tag >>> 16) ?? missing('such property');
    const bytes = typeof found.value.val === 'string' ? utf8.encode(found.value.val) : found.value.val;
    return bytes.slice(Number(offset), Number(offset) + length);
  }

  reserve(count) { return Array.from({ length: count }, () => this.#id()); }
  stage() { const number = BigInt(this.#nextId++); this.#staged.set(number, []); return number; }
  append(staged, bytes) { (this.#staged.get(staged) ?? missing('staged value')).push(bytes.slice()); }
  discard(staged) { this.#staged.delete(staged); }

  #stored(property) {
    if (property.value.tag === 'inline') return property.value.val;
    const parts = this.#staged.get(property.value.val.number) ?? missing('staged value');
    const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    parts.reduce((at, part) => { whole.set(part, at); return at + part.length; }, 0);
    return (property.tag & 0xffff) === PT.unicode ? { tag: 'unicode', val: fromUtf8.decode(whole) } : { tag: 'binary', val: whole };
  }

  commit(request) {
    for (const { tag, val } of request.changes) {
      if ((tag === 'set' || tag === 'move' || tag === 'remove') && val.expected.tag === 'version' && this.#get(val.object).version !== val.expected.val) {
        throw failure(OBJECT_CHANGED, 'somebody else changed it');
      }
    }
    this.#commit += 1n;
    const objects = request.changes.map(({ tag, val }) => {
      switch (tag) {
        case 'create': this.#add(val.object, val.kind, val.parent); break;
        case 'set': case 'bits': case 'move': case 'remove': break;
        default: throw failure({ code: 'no-support', raw: 0x80040102 }, `this store cannot ${tag}`);
      }
      const object = this.#get(val.object);
      let verb = { tag: tag === 'create' ? 'created' : 'modified' };
      if (tag === 'bits') {
        const old = object.props.get(val.tag >>> 16)?.value.val ?? 0;
        this.#put(object, val.tag, { tag: 'long', val: (old & ~val.clear) | val.set });
      } else if (tag === 'remove') {
        this.#objects.delete(hex(val.object));
        verb = { tag: 'deleted', val: false };
      } else {
        for (const property of val.properties ?? val.set ?? []) this.#put(object, property.tag, this.#stored(property));
        for (const gone of val.delete ?? []) object.props.delete(gone >>> 16);
        if (tag === 'move') { verb = { tag: 'moved', val: object.parent }; object.parent = val.parent; this.#arrival += 1n; object.arrival = this.#arrival; }
        if (tag !== 'create' && !val.quiet) object.version += 1n;
      }
      this.#feed.push({
        commit: this.#commit, token: request.token, object: object.id, kind: object.kind, parent: object.parent ?? object.id, verb,
        tags: new Uint32Array(), delivery: request.delivery,
      });
      return { version: object.version, arrival: object.arrival };
    });
    return { objects, cursor: this.feedCursor() };
  }

  feedCursor() { const cursor = new Uint8Array(8); new DataView(cursor.buffer).setBigUint64(0, BigInt(this.#feed.length)); return cursor; }

  changes(since, max) {
    const start = Number(new DataView(since.buffer, since.byteOffset, 8).getBigUint64(0));
    const records = this.#feed.slice(start, start + max);
    const cursor = new Uint8Array(8);
    new DataView(cursor.buffer).setBigUint64(0, BigInt(start + records.length));
    return { records, cursor, gap: false, more: start + records.length < this.#feed.length };
  }

  #nameKey(name) { return JSON.stringify(name, (_, v) => (typeof v === 'bigint' ? v.toString() : v)); }
  idsOfNames(names, create) {
    return names.map((name) => {
      const key = this.#nameKey(name);
      if (!this.#names.has(key) && create) this.#names.set(key, { id: 0x8001 + this.#names.size, name });
      return this.#names.get(key)?.id;
    });
  }
  namesOfIds(ids) { return [...ids].map((id) => [...this.#names.values()].find((n) => n.id === id)?.name); }
  allNames() { return [...this.#names.values()]; }

  rekey() {}
  indexStep() { return false; }
  takeEffects() { return []; }
  validateState() {}
  settingsDialog() { throw failure({ code: 'no-support', raw: 0x80040102 }, 'there is no dialogue'); }
  changePassword() { throw failure({ code: 'no-support', raw: 0x80040102 }, 'there is no password'); }
  setStatusProperties() { return []; }
  quota() { return { used: 0n, limit: 0n }; }
  check() { return { objects: BigInt(this.#objects.size), findings: [] }; }
  compact() {}
  backup() { throw failure({ code: 'no-support', raw: 0x80040102 }, 'nothing in memory can be backed up'); }
}
