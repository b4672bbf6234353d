// Opens, and where there is none makes, a store or an address book, and prints who it is and how many containers lie
// at the top, or the code of the failure. Arguments: `store` or `address-book`, the file.

import { SqliteAddressBook, SqliteStore, StoreFailure } from '../index.mjs';

const [kind, file] = process.argv.slice(2);
try {
  const opened = kind === 'store' ? new SqliteStore(file, 'create') : new SqliteAddressBook(file, 'create');
  const { uid, root } = opened.identity();
  const containers = opened.count({ scope: { tag: 'one', val: root }, kind: 'subfolders', filters: [] });
  const hex = (/** @type {bigint} */ half) => half.toString(16).padStart(16, '0');
  console.log(JSON.stringify({ uid: hex(uid.hi) + hex(uid.lo), containers: Number(containers) }));
  opened.close();
} catch (error) {
  if (!(error instanceof StoreFailure)) throw error;
  console.log(JSON.stringify({ failed: error.code }));
}
