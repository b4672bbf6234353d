// What is remembered of the file between calls: rows that pass filters and their order, text hits, bucket directories.
// Each is good for one state of the file, told by its number of commits, whoever made them.

import { compile } from './filter.mjs';
import { Directory } from './orders.mjs';
import { loadState } from './state.mjs';
import { idOf } from './tags.mjs';
import { unsearchedObjects } from './texts/index.mjs';
import { searchTexts } from './texts/search.mjs';

/** @typedef {import('./database.mjs').Database} Database */
/** @typedef {import('./matching.mjs').Subject} Subject */

/** Answers kept of each kind: as many views as a person keeps open on one store. */
const KEPT = 16;

/** Directories kept. */
const DIRECTORIES = 256;

/**
 * The same text for the same question.
 * @param {unknown} question
 */
function textOfQuestion(question) {
  return JSON.stringify(question, (_, part) => {
    if (part instanceof Uint8Array) return `0x${Buffer.from(part).toString('hex')}`;
    return typeof part === 'bigint' ? `${part}n` : part;
  });
}

/** @template T */
class Remembered {
  #commits = -1;
  /** @type {Map<string, T>} */
  #answers = new Map();

  /**
   * @param {number} commits
   * @param {unknown} question
   * @param {() => T} make
   * @returns {T}
   */
  get(commits, question, make) {
    if (commits !== this.#commits) this.#answers.clear();
    this.#commits = commits;
    const text = textOfQuestion(question);
    const known = this.#answers.get(text);
    const answer = known ?? make();
    // The newest stands last.
    this.#answers.delete(text);
    this.#answers.set(text, answer);
    for (const oldest of this.#answers.keys()) {
      if (this.#answers.size <= KEPT) break;
      this.#answers.delete(oldest);
    }
    return answer;
  }
}

/** The memory of one open file. */
export class Cache {
  /** @type {Remembered<import('./matching.mjs').Found>} */
  #found = new Remembered();
  /** @type {Remembered<import('./matching.mjs').Match[]>} */
  #matches = new Remembered();
  /** @type {Remembered<Set<number>>} */
  #searches = new Remembered();
  /** @type {Map<number, { stamp: number, directory: Directory }>} */
  #directories = new Map();
  #database;

  /** @param {Database} database */
  constructor(database) {
    this.#database = database;
  }

  #commits() {
    return loadState(this.#database).commits;
  }

  /**
   * The buckets of an order.
   * @param {import('./orders.mjs').Order} order
   */
  directory(order) {
    const known = this.#directories.get(order.id);
    if (known?.stamp === order.stamp) return known.directory;
    const directory = Directory.load(this.#database, order.id);
    if (this.#directories.size >= DIRECTORIES) this.#directories.clear();
    this.#directories.set(order.id, { stamp: order.stamp, directory });
    return directory;
  }

  /**
   * The filters, their text searches done.
   * @param {import('./world.mjs').Filter[]} filters
   */
  tests(filters) {
    return compile(filters, (tag, how, folded) => this.#searches.get(this.#commits(), [tag, how, folded], () => {
      const hits = searchTexts(this.#database, idOf(tag), how, folded);
      for (const object of unsearchedObjects(this.#database, idOf(tag))) hits.add(object);
      return hits;
    }));
  }

  /**
   * The rows that pass, whatever their order, found by `make` if they are not at hand.
   * @param {Subject} subject
   * @param {() => import('./matching.mjs').Found} make
   */
  found(subject, make) {
    return this.#found.get(this.#commits(), { ...subject, order: [] }, make);
  }

  /**
   * The matching rows in order, made by `make` if they are not at hand.
   * @param {Subject} subject
   * @param {() => import('./matching.mjs').Match[]} make
   */
  matches(subject, make) {
    return this.#matches.get(this.#commits(), subject, make);
  }
}
