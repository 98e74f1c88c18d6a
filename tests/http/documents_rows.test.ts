// The rows that a write of one record costs in its object, as the runtime counts and bills them.

import { runInDurableObject } from 'cloudflare:test';
import { expect, it, onTestFinished } from 'vitest';
import { Doc, removal, upsert, written } from '../documents.ts';

/** Counts what is written from here on. */
async function meter(doc: Doc): Promise<() => number> {
  const cursors: { rowsWritten: number }[] = [];
  await runInDurableObject(doc.stub, (_object, { storage }) => {
    const shared = Object.getPrototypeOf(storage.sql);
    const { exec } = shared;
    shared.exec = function counted(this: SqlStorage, ...args: Parameters<SqlStorage['exec']>) {
      const cursor = exec.apply(this, args);
      cursors.push(cursor);
      return cursor;
    };
    onTestFinished(() => {
      shared.exec = exec;
    });
  });
  return () => cursors.splice(0).reduce((rows, cursor) => rows + cursor.rowsWritten, 0);
}

it('a record costs two to change, and three to add or delete', async () => {
  const doc = new Doc();
  await written(await doc.put({ users: [{ id: 'a' }, { id: 'b' }] }, { 'if-none-match': '*' }));
  const rows = await meter(doc);
  await written(await doc.patch(upsert('a', { n: 1 })));
  expect(rows()).toBe(2);
  await written(await doc.patch(upsert('c', { n: 1 })));
  expect(rows()).toBe(3);
  await written(await doc.patch(removal('a')));
  expect(rows()).toBe(3);
});
