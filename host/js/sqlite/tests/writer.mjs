// Makes commits of ten messages each in a store file and says so after each. Arguments: the file, how many or `on`.

import { SqliteStore } from '../index.mjs';
import { BINARY, BODY, SUBJECT, commit, stored } from './fixture.mjs';

const [file, times] = process.argv.slice(2);
const store = new SqliteStore(file);
const { root } = store.identity();
for (let round = 0; times === 'on' || round < Number(times); round += 1) {
  commit(store, store.reserve(10).map((object, number) => ({
    tag: 'create',
    val: {
      object, parent: root, kind: 'message',
      properties: [stored(SUBJECT, `message ${number}`), stored(BODY, 'words '.repeat(500)), stored(BINARY, Buffer.alloc(20_000, number))],
    },
  })));
  process.stdout.write('.\n');
}
store.close();
