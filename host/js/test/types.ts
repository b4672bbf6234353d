/**
 * What the types promise, checked by the compiler and never run: a line marked as an error must be one.
 */

import { Backends, type Folder, FileTime, MapiError, type Store, ascending, contains, createEngine, equal } from '../src/index.js';
import { Catalogue, type MemoryStore, type StoreBackend } from '../src/backends/index.js';

export async function types(store: Store, folder: Folder, bytes: Uint8Array): Promise<void> {
  const subject: string | undefined = folder.properties.get('displayName');
  const count: number | undefined = folder.properties.get('contentCount');
  const changed: FileTime = folder.properties.require('modifiedAt');
  // @ts-expect-error a count is no text
  const wrong: string | undefined = folder.properties.get('contentCount');
  // @ts-expect-error there is no such property
  folder.properties.get('contentCont');
  folder.properties.set('comment', 'text').set('modifiedAt', new Date());
  // @ts-expect-error a comment is text
  folder.properties.set('comment', 1);
  folder.properties.assign({ comment: 'text', importance: 1 });

  using table = folder.contents('subject', 'size', 'deliveredAt');
  for (const row of table.sort(ascending('subject')).restrict(contains('subject', 'a'))) {
    const text: string | undefined = row.subject;
    const size: number | undefined = row.size;
    const date: Date | undefined = row.deliveredAt;
    // @ts-expect-error the table has no such column
    row.body;
  }
  const column: Int32Array | BigInt64Array | undefined = table.read(10).column('size').numbers;
  table.restrict(equal('deliveredAt', new Date()));
  // @ts-expect-error a time is no number
  table.restrict(equal('deliveredAt', 1));

  for await (const event of store.watch({ events: { fnevNewMail: true } })) {
    if (event.tag === 'new-mail') { const entryId: Uint8Array = event.val.entryId; }
  }
  try {
    using engine = await (await createEngine()).subsystem(Backends.memory({ catalogue: new Catalogue() }));
    engine.logon({ profile: 'Ann' });
  } catch (error) {
    if (error instanceof MapiError && error.code === 'mapi-e-logon-failed') { const who: string = error.who.name; }
    // @ts-expect-error there is no such code
    if (error instanceof MapiError && error.code === 'mapi-e-nonsense') return;
  }
  store.message(bytes, 'read').submit();
}

/** A backend of one's own is held to the world. */
export const backend = (memory: MemoryStore): StoreBackend.Store => memory;
