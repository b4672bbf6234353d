// The personal address book: one file of the form of a message store, with one container in it, marked as a book on the
// object that carries the store's own properties (docs/format.md, "Address books in SQLite"). Matching names is left to
// the session.

import { bufferOf, sameBytes } from './encoding.mjs';
import { StoreFailure } from './failure.mjs';
import { SqliteStore } from './store.mjs';
import { idOf } from './tags.mjs';
import { guidOf } from './values.mjs';

/** @typedef {import('./world.mjs').Value} Value */
/** @typedef {import('./world.mjs').ObjectId} ObjectId */
/** @typedef {import('./world.mjs').StoredProperty} StoredProperty */

/** The kind of address book this is (PR_AB_PROVIDER_ID), and the mark of its files. */
const KIND = Buffer.from('6970616d5153494c54452d41424f4f4b', 'hex');

const AB_PROVIDER_ID = 0x36150102;
const DISPLAY_NAME = 0x3001001f;
const CONTAINER_FLAGS = 0x36000003;
const DISPLAY_TYPE = 0x39000003;

/** The container of a new book; its owner may rename it. */
const NAME = 'Personal Address Book';

/** AB_RECIPIENTS, AB_MODIFIABLE and AB_UNICODE_OK. */
const HOLDS_RECIPIENTS = 0x1 | 0x4 | 0x40;

/** DT_MODIFIABLE. */
const MODIFIABLE = 0x10000;

/** Bytes a mark may have to come inline; it is far shorter. */
const INLINE = 1 << 16;

/** @param {string} what */
const refused = (what) => new StoreFailure('mapi-e-no-support', `The personal address book has no ${what}.`);

export class SqliteAddressBook extends SqliteStore {
  /**
   * Opens the book in that file; a new one gets its container. Fails as a store does, and with MAPI_E_CORRUPT_STORE for a
   * file that holds a message store.
   * @param {string} file
   * @param {import('./database.mjs').Access} [access]
   */
  constructor(file, access = 'write') {
    super(file, access);
    try {
      if (!this.#isMarked()) {
        if (access === 'read' || !this.#isEmpty()) throw this.#foreign();
        this.#begin();
      }
    } catch (error) {
      this.close();
      throw error;
    }
  }

  #isMarked() {
    const { properties } = this.read(super.identity().store, { tag: 'tags', val: Uint32Array.of(AB_PROVIDER_ID) }, INLINE);
    return properties.some(({ value }) => value.tag === 'binary' && sameBytes(value.val, KIND));
  }

  #isEmpty() {
    const scope = { tag: /** @type {const} */ ('one'), val: super.identity().root };
    return (/** @type {const} */ (['subfolders', 'contents'])).every((kind) => this.count({ scope, kind, filters: [] }) === 0n);
  }

  #foreign() {
    return new StoreFailure('mapi-e-corrupt-store', `${this.path} holds no address book; it was left untouched. Name another file.`);
  }

  /** Makes an empty file a book. Of two programs that do so at once one wins, and the other finds its work. */
  #begin() {
    const { store, root, index } = super.identity();
    const { head } = this.read(store, { tag: 'tags', val: Uint32Array.of() }, 0);
    /**
     * Keys of a name of letters and spaces, and the text that is searched, are its small letters.
     * @param {number} tag
     * @param {Value} val
     * @returns {StoredProperty}
     */
    const property = (tag, val) => ({
      tag, value: { tag: 'inline', val },
      orderKey: val.tag === 'unicode' && index.ordered.includes(tag) ? Buffer.from(val.val.toLowerCase()) : undefined,
      folded: val.tag === 'unicode' && index.searched.some((searched) => idOf(searched) === idOf(tag)) ? val.val.toLowerCase() : undefined,
    });
    try {
      this.commit({
        changes: [
          {
            tag: 'set', val: {
              object: store, expected: { tag: 'version', val: head.version }, delete: Uint32Array.of(), quiet: false,
              set: [property(AB_PROVIDER_ID, { tag: 'binary', val: KIND })],
            },
          },
          {
            tag: 'create', val: {
              object: this.reserve(1)[0], parent: root, kind: 'folder',
              properties: [
                property(DISPLAY_NAME, { tag: 'unicode', val: NAME }), property(CONTAINER_FLAGS, { tag: 'long', val: HOLDS_RECIPIENTS }),
                property(DISPLAY_TYPE, { tag: 'long', val: MODIFIABLE }),
              ],
            },
          },
        ],
        token: 0n, deferIndexing: false, delivery: false,
      });
    } catch (error) {
      if (!(error instanceof StoreFailure) || error.code !== 'mapi-e-object-changed') throw error;
      if (!this.#isMarked()) throw this.#foreign();
    }
  }

  /** @returns {any} `address-book-identity` of the world */
  identity() {
    const { uid, root, writable, index } = super.identity();
    return { uid, kind: guidOf(bufferOf(KIND)), root, writable, feed: true, index };
  }

  resolve() {
    throw new StoreFailure('mapi-e-no-support', 'The personal address book leaves matching to the session.');
  }

  templates() { throw refused('templates'); }

  details() { throw refused('forms'); }

  controlEnabled() { throw refused('forms'); }

  controlActivate() { throw refused('forms'); }

  searchForm() { throw refused('forms'); }

  search() { throw refused('search of its own'); }

  openTemplate() { throw refused('templates'); }

  templateGet() { throw refused('templates'); }

  templateSet() { throw refused('templates'); }

  templateClose() {}
}
