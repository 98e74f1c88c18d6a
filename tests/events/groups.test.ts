// Frames that come together: they are committed together, and are answered as if each had come
// alone.

import { runInDurableObject } from 'cloudflare:test';
import { encode } from '@msgpack/msgpack';
import { expect, it, vi } from 'vitest';
import type { SyncDurableObject } from '../../worker/objects/sync_log.ts';
import { entryId, logOf, Peer } from './sockets.ts';

const frame = (publicKey: string, id: number) => {
  const encryptedEntries = [{ entryId: entryId(id), encryptedEntry: new Uint8Array(8) }];
  const write = { _tag: 'WriteEntries', publicKey, id, iv: new Uint8Array(12), encryptedEntries };
  return encode(write).slice().buffer;
};

/** Hands frames to the object in one turn, each as from the socket with that place, in the order in
 * which they wrote first: the transactions that it took. */
function handOver(tenant: string, writers: string[], frames: [from: string, ArrayBuffer][]) {
  return runInDurableObject(logOf(tenant), async (instance: SyncDurableObject, state) => {
    const sockets = new Map(
      state.getWebSockets().map((webSocket) => {
        const { publicKey } = webSocket.deserializeAttachment() as { publicKey: string };
        return [publicKey, webSocket];
      }),
    );
    expect([...sockets.keys()].sort()).toEqual([...writers].sort());
    const transactions = vi.spyOn(state.storage, 'transactionSync');
    for (const [from, bytes] of frames) {
      void instance.webSocketMessage(sockets.get(from) as WebSocket, bytes);
    }
    await vi.waitFor(() => expect(transactions).toHaveBeenCalled());
    return transactions.mock.calls.length;
  });
}

it('are written in one transaction, and each is acknowledged in its turn', async () => {
  const [a, b] = [await Peer.open('together'), await Peer.open('together')];
  await a.write('key a', [1]);
  await b.write('key b', [2]);
  const transactions = await handOver(
    'together',
    ['key a', 'key b'],
    [
      ['key a', frame('key a', 11)],
      ['key b', frame('key b', 12)],
      ['key a', frame('key a', 13)],
      ['key b', frame('key b', 14)],
    ],
  );
  expect(transactions).toBe(1);
  expect(await a.rest()).toMatchObject([
    { _tag: 'Ack', id: 11, sequenceNumbers: [2] },
    { _tag: 'Ack', id: 13, sequenceNumbers: [3] },
  ]);
  expect(await b.rest()).toMatchObject([
    { _tag: 'Ack', id: 12, sequenceNumbers: [2] },
    { _tag: 'Ack', id: 14, sequenceNumbers: [3] },
  ]);
});

it('suffer nothing from one among them that is refused, but its own sender is closed', async () => {
  const [good, bad] = [await Peer.open('refused'), await Peer.open('refused')];
  const reader = await Peer.open('refused');
  await good.write('key', [1]);
  await bad.write('own', [2]);
  reader.request('key', 2);
  expect(await reader.rest()).toEqual([]);
  await handOver(
    'refused',
    ['', 'key', 'own'],
    [
      ['key', frame('key', 11)],
      ['own', frame('key', 12)],
      ['own', frame('own', 13)],
      ['key', frame('key', 14)],
    ],
  );
  expect(await bad.closed).toMatchObject({
    code: 1008,
    reason: expect.stringMatching(/^key_bound/),
  });
  expect(await good.rest()).toMatchObject([
    { _tag: 'Ack', id: 11, sequenceNumbers: [2] },
    { _tag: 'Ack', id: 14, sequenceNumbers: [3] },
  ]);
  // Once, though the first of them was written and taken back.
  expect((await reader.rest()).flatMap(({ entries }) => entries)).toHaveLength(2);
  const late = await Peer.open('refused');
  late.request('own', 1);
  late.request('key', 1);
  expect(await late.entries(4)).toHaveLength(4);
  expect(await late.rest()).toEqual([]);
});

it('bind their sender by the first of them', async () => {
  const peer = await Peer.open('bound');
  const frames: [string, ArrayBuffer][] = [
    ['', frame('one', 1)],
    ['', frame('two', 2)],
  ];
  await handOver('bound', [''], frames);
  expect(await peer.next()).toMatchObject({ _tag: 'Ack', id: 1, sequenceNumbers: [1] });
  const { code, reason } = await peer.closed;
  expect([code, reason.split(':')[0]]).toEqual([1008, 'key_bound']);
});
