// The forms in which things are stored.

import assert from 'node:assert/strict';
import test from 'node:test';
import { Bag } from '../bag.mjs';
import { Sink } from '../encoding.mjs';
import { entriesOf, findEntry } from '../entries.mjs';
import { StoreFailure } from '../failure.mjs';
import { decodeValue, encodeValue, kindOfValue } from '../values.mjs';
import { everyValue } from './fixture.mjs';

test('a value of each type survives storage', () => {
  for (const value of everyValue()) assert.deepEqual(decodeValue(kindOfValue(value), encodeValue(value)), value);
});

test('stored values that are cut short are damage and nothing else', () => {
  for (const value of everyValue()) {
    const whole = encodeValue(value);
    for (let length = 0; length < whole.length; length += 1) {
      try {
        decodeValue(kindOfValue(value), whole.subarray(0, length));
      } catch (error) {
        assert.ok(error instanceof StoreFailure && error.code === 'mapi-e-corrupt-data', `${value.tag} at ${length}: ${error}`);
      }
    }
  }
});

test('random bytes for properties are damage or properties, never another failure', () => {
  let seed = 1;
  const random = () => (seed = (seed * 48271) % 0x7fffffff) & 0xff;
  for (let round = 0; round < 5000; round += 1) {
    const bytes = Buffer.from(Uint8Array.from({ length: round % 60 }, random));
    try {
      for (const { tag, body, large } of entriesOf(bytes, bytes.subarray(0, round % 7))) {
        if (!large) decodeValue(tag & 0xffff, body);
      }
    } catch (error) {
      assert.ok(error instanceof StoreFailure && error.code === 'mapi-e-corrupt-data', String(error));
    }
  }
});

test('what changed beside a bag is read as if the bag had been written anew', () => {
  let seed = 7;
  const random = (/** @type {number} */ below) => (seed = (seed * 48271) % 0x7fffffff) % below;
  /** @param {number} id */
  const entry = (id) => ({
    tag: ((id << 16) | 0x0102) >>> 0, body: Buffer.alloc(random(6), random(256)), large: undefined,
    key: id % 3 === 0 ? Buffer.of(random(256)) : undefined, unsearched: id % 5 === 0,
  });
  for (let round = 0; round < 300; round += 1) {
    const model = new Map(Array.from({ length: random(12) }, () => entry(1 + random(24))).map((one) => [one.tag >>> 16, one]));
    const written = Bag.from([...model.values()]).whole();
    let bag = Bag.of(written, null);
    for (let change = random(12); change > 0; change -= 1) {
      const id = 1 + random(24);
      if (random(2)) {
        const one = entry(id);
        assert.equal(bag.insert(one)?.tag, model.get(id)?.tag);
        model.set(id, one);
      } else {
        assert.equal(bag.remove(id)?.tag, model.get(id)?.tag);
        model.delete(id);
      }
      if (random(2)) bag = Bag.of(written, bag.late());
    }
    const wanted = [...model.values()].sort((a, b) => a.tag - b.tag);
    assert.deepEqual(entriesOf(bag.whole(), null), wanted);
    assert.deepEqual(entriesOf(written, bag.late()), wanted);
    for (let id = 0; id < 26; id += 1) assert.deepEqual(findEntry(written, bag.late(), id), model.get(id));
  }
});

test('numbers are written as LEB128', () => {
  const sink = new Sink();
  for (const number of [0, 127, 128, 300, 2 ** 40]) sink.number(number);
  assert.equal(sink.whole().toString('hex'), '007f8001ac02808080808020');
});
