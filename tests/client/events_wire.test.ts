// The bytes: entry ids, MessagePack, messages, chunks, identities, sealing.

import { decode } from '@msgpack/msgpack';
import { describe, expect, it } from 'vitest';
import { bytesOf, hexOf } from '../../client/events/bytes.ts';
import { chunkBytes, framesOf, Joiner } from '../../client/events/chunks.ts';
import { aesCipher, bareCipher } from '../../client/events/cipher.ts';
import { type Entry, packEntry, unpackEntry } from '../../client/events/entry.ts';
import { EntryIds, idBytes, millisOf, uuidOf } from '../../client/events/entry_id.ts';
import { exportIdentity, generateIdentity, importIdentity } from '../../client/events/identity.ts';
import { pack, packPayload, unpackPayload } from '../../client/events/msgpack.ts';
import {
  parseMessage,
  ping,
  requestChanges,
  type ServerMessage,
  writeEntry,
} from '../../client/events/protocol.ts';
import { codeOf, seededCrypto, thrownCode } from './events_harness.ts';

const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
const id = '0198b2c40b8070018000000000000001';

describe('an entry id', () => {
  const crypto = seededCrypto(1);
  const fresh = () => new EntryIds((into) => crypto.getRandomValues(into));

  it('is a UUID of version 7 that says its time', () => {
    const made = fresh().next(1_795_000_000_123);
    expect(uuidOf(made)).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-/);
    expect(millisOf(made)).toBe(1_795_000_000_123);
    expect(hexOf(idBytes(made))).toBe(made);
  });

  it('sorts after the one made before, also in a burst and when the clock goes back', () => {
    const ids = fresh();
    const made = Array.from({ length: 20_000 }, (_, n) => ids.next(1_795_000_000_000 - (n % 3)));
    expect([...made].sort()).toEqual(made);
    expect(new Set(made).size).toBe(made.length);
    expect(made.every((one) => /^.{12}7.{3}[89ab]/.test(one))).toBe(true);
  });
});

describe('MessagePack', () => {
  it.each([
    [2 ** 32 - 1, 'ceffffffff'],
    [2 ** 32, 'cb41f0000000000000'],
    [2 ** 53 - 1, 'cb433fffffffffffff'],
    [-(2 ** 31), 'd280000000'],
    [-(2 ** 31) - 1, 'cbc1e0000000200000'],
  ])('writes %d as %s, never as a 64-bit integer', (value, expected) => {
    expect(hexOf(pack(value))).toBe(expected);
  });

  it('reads a payload back as it was', () => {
    const payload = {
      none: null,
      yes: true,
      numbers: [0, -1, 2 ** 31, 2 ** 40, 1.5, -0.25, Number.MAX_SAFE_INTEGER],
      text: ['', 'ü 漢 🦀', 'x'.repeat(70_000)],
      bytes: new Uint8Array([1, 2, 3]),
      deep: [[[{ a: { b: [] } }]]],
    };
    expect(unpackPayload(packPayload(payload))).toEqual(payload);
  });

  it('refuses bytes after the value', () => {
    expect(thrownCode(() => unpackPayload(bytes('c0c0')))).toBe('invalid_payload');
    expect(thrownCode(() => unpackPayload(bytes('')))).toBe('invalid_payload');
  });
});

describe('a message', () => {
  const remoteId = '11'.repeat(16);

  it.each<[string, string, ServerMessage]>([
    [
      'Hello with a map16',
      `de0002 a872656d6f74654964 c410${remoteId} a45f746167 a548656c6c6f`,
      { tag: 'Hello', remoteId },
    ],
    [
      'Ack of two sequences',
      'de0003 a26964 00 af73657175656e63654e756d62657273 920001 a45f746167 a341636b',
      { tag: 'Ack', id: 0, sequences: [0, 1] },
    ],
    [
      'Ack with a sequence as a float64, its keys in another order',
      '83 a45f746167 a341636b a26964 cd0100 af73657175656e63654e756d62657273 91cb41f0000000000000',
      { tag: 'Ack', id: 256, sequences: [2 ** 32] },
    ],
    ['Pong', '83 a26964 07 a46d6f7265 c3 a45f746167 a4506f6e67', { tag: 'Pong', id: 7 }],
    [
      'a chunk',
      '84 a26964 01 a470617274 920002 a464617461 c40105 a45f746167 ae4368756e6b65644d657373616765',
      { tag: 'ChunkedMessage', id: 1, index: 0, total: 2, data: bytes('05') },
    ],
  ])('of the server is read: %s', (_, hex, expected) => {
    expect(parseMessage(bytes(hex))).toEqual(expected);
  });

  it.each([
    ['nothing', ''],
    ['no map', '93010203'],
    ['an unknown tag', '81a45f746167a44e6f7065'],
    [
      'a Hello whose id has 15 bytes',
      `82a872656d6f74654964c40f${'11'.repeat(15)}a45f746167a548656c6c6f`,
    ],
    ['an Ack without numbers', '82a2696400a45f746167a341636b'],
    [
      'an Ack with a negative number',
      '83a2696400af73657175656e63654e756d6265727391ffa45f746167a341636b',
    ],
    ['an Ack with text', '83a2696400af73657175656e63654e756d6265727391a161a45f746167a341636b'],
    ['Changes of no key', '82a7656e747269657390a45f746167a74368616e676573'],
    ['a Pong with more behind it', '82a2696407a45f746167a4506f6e67c0'],
  ])('of the server is refused: %s', (_, hex) => {
    expect(thrownCode(() => parseMessage(bytes(hex)))).toBe('bad_frame');
  });

  it('of the client has its tag last', () => {
    const iv = new Uint8Array(12).fill(7);
    const write = writeEntry('k', { id: 3, iv, entryId: id, data: new Uint8Array([9]) });
    const fields = decode(write) as Record<string, unknown>;
    expect(Object.keys(fields)).toEqual(['publicKey', 'id', 'iv', 'encryptedEntries', '_tag']);
    expect(fields).toEqual({
      publicKey: 'k',
      id: 3,
      iv,
      encryptedEntries: [{ entryId: idBytes(id), encryptedEntry: new Uint8Array([9]) }],
      _tag: 'WriteEntries',
    });
    expect(hexOf(ping(1))).toBe('82a2696401a45f746167a450696e67');
    expect(decode(requestChanges('k', 2 ** 33))).toEqual({
      publicKey: 'k',
      startSequence: 2 ** 33,
      _tag: 'RequestChanges',
    });
  });
});

describe('chunks', () => {
  const long = new Uint8Array(chunkBytes * 2 + 1).map((_, at) => at % 253);
  const parts = (id: number) =>
    framesOf(id, long).map((frame) => parseMessage(frame)) as Extract<
      ServerMessage,
      { tag: 'ChunkedMessage' }
    >[];

  it('are made above the bound only', () => {
    expect(framesOf(0, long.subarray(0, chunkBytes))).toHaveLength(1);
    expect(parts(0).map(({ data }) => data.length)).toEqual([chunkBytes, chunkBytes, 1]);
  });

  it('come together in any order, mixed, and with parts twice', () => {
    const joiner = new Joiner();
    const [a0, a1, a2] = parts(1);
    const [b0, b1, b2] = parts(2);
    const results = [a2, b1, a0, a0, b2, a1, b0].map((part) => part && joiner.add(part));
    expect(results.map((one) => one?.length ?? 0)).toEqual([
      0,
      0,
      0,
      0,
      0,
      long.length,
      long.length,
    ]);
    expect(Buffer.compare(results[5] ?? new Uint8Array(), long)).toBe(0);
  });

  it.each([[{ index: 2, total: 2 }], [{ index: 0, total: 0 }], [{ index: 0, total: 1_000_000 }]])(
    'that cannot be are refused: %j',
    (part) => {
      const chunk = { tag: 'ChunkedMessage', id: 0, data: new Uint8Array(1), ...part } as const;
      expect(thrownCode(() => new Joiner().add(chunk))).toBe('bad_frame');
    },
  );

  it('that never end are refused at a bound', () => {
    const joiner = new Joiner();
    const data = new Uint8Array(1_000_000);
    const add = (index: number) =>
      joiner.add({ tag: 'ChunkedMessage', id: 0, index, total: 1_000, data });
    expect(
      thrownCode(() => {
        for (let index = 0; index < 100; index += 1) add(index);
      }),
    ).toBe('bad_frame');
    const many = new Joiner();
    expect(
      thrownCode(() => {
        for (let n = 0; n < 100; n += 1) {
          many.add({ tag: 'ChunkedMessage', id: n, index: 0, total: 2, data: bytes('00') });
        }
      }),
    ).toBe('bad_frame');
  });
});

describe('an identity', () => {
  it('goes out as text and comes back', () => {
    const identity = generateIdentity();
    expect(importIdentity(exportIdentity(identity))).toEqual(identity);
    expect(identity.privateKey).toHaveLength(32);
    expect(exportIdentity(identity)).toMatch(/^[A-Za-z0-9_-]+$/);
    expect(exportIdentity(generateIdentity())).not.toBe(exportIdentity(identity));
  });

  it('may have any text as its public key', () => {
    const privateKey = new Uint8Array(32).fill(1);
    const identity = { publicKey: 'clé publique 🔑', privateKey };
    expect(importIdentity(exportIdentity(identity))).toEqual(identity);
  });

  it.each([
    ['nothing', ''],
    ['no base64', '%%%'],
    ['no JSON', btoa('hello')],
    ['no keys', btoa('{}')],
    ['a short key', btoa(JSON.stringify({ publicKey: 'a', privateKey: btoa('short') }))],
    ['no public key', btoa(JSON.stringify({ privateKey: btoa('x'.repeat(32)) }))],
    [
      'a public key that is too long',
      btoa(JSON.stringify({ publicKey: 'a'.repeat(1_025), privateKey: btoa('x'.repeat(32)) })),
    ],
  ])('is not had from %s', (_, text) => {
    expect(thrownCode(() => importIdentity(text))).toBe('invalid_identity');
  });

  it('that is wrong is not told in the error', () => {
    const text = btoa(JSON.stringify({ publicKey: 'a', privateKey: btoa('secret') }));
    const told = () => importIdentity(text);
    expect(told).toThrow(expect.not.objectContaining({ message: expect.stringContaining(text) }));
  });
});

describe('sealing', () => {
  const entry: Entry = { id, event: 'e', primaryKey: 'k', payload: packPayload({ a: 1 }) };
  const identity = generateIdentity();
  const cipher = aesCipher(identity, crypto);
  const received = (sealed: { iv: Uint8Array<ArrayBuffer>; data: Uint8Array<ArrayBuffer> }) => ({
    sequence: 1,
    entryId: id,
    ...sealed,
  });

  it('opens what it sealed, and takes a fresh iv each time', async () => {
    const sealed = await Promise.all(Array.from({ length: 50 }, () => cipher.seal(entry)));
    expect(new Set(sealed.map(({ iv }) => hexOf(iv))).size).toBe(50);
    for (const one of sealed) expect(await cipher.open(received(one))).toEqual(entry);
    expect(sealed[0]?.data).toHaveLength(packEntry(entry).length + 16);
  });

  it('is AES-256-GCM over the entry as MessagePack', async () => {
    const { iv, data } = await cipher.seal(entry);
    const key = await crypto.subtle.importKey('raw', identity.privateKey, 'AES-GCM', false, [
      'decrypt',
    ]);
    const opened = await crypto.subtle.decrypt({ name: 'AES-GCM', iv }, key, data);
    const fields = decode(new Uint8Array(opened)) as Record<string, unknown>;
    expect(Object.keys(fields)).toEqual(['id', 'event', 'primaryKey', 'payload']);
    expect(fields.id).toEqual(idBytes(id));
    expect(decode(fields.payload as Uint8Array)).toEqual({ a: 1 });
  });

  it('opens nothing of another key, and nothing that was changed', async () => {
    const sealed = await cipher.seal(entry);
    const other = aesCipher(generateIdentity(), crypto);
    expect(await codeOf(other.open(received(sealed)))).toBe('undecryptable');
    const changed = { ...sealed, data: sealed.data.with(3, (sealed.data[3] ?? 0) ^ 1) };
    expect(await codeOf(cipher.open(received(changed)))).toBe('undecryptable');
  });

  it('opens no entry under the id of another', async () => {
    const sealed = await cipher.seal(entry);
    const moved = { ...received(sealed), entryId: id.replace(/1$/, '2') };
    expect(await codeOf(cipher.open(moved))).toBe('bad_entry');
  });

  it('with a key takes no bare entry, and without one no sealed entry', async () => {
    expect(await codeOf(cipher.open(received(await bareCipher.seal(entry))))).toBe('undecryptable');
    expect(await codeOf(bareCipher.open(received(await cipher.seal(entry))))).toBe('undecryptable');
    expect(await bareCipher.open(received(await bareCipher.seal(entry)))).toEqual(entry);
  });

  it.each([
    ['no MessagePack', 'c1'],
    ['no map', '01'],
    ['a map without bytes', '81a2696401'],
  ])('makes nothing of %s', (_, hex) => {
    expect(thrownCode(() => unpackEntry(bytes(hex), id))).toBe('bad_entry');
  });

  it('base64 is read in both alphabets', () => {
    expect(bytesOf('-_8')).toEqual(bytesOf('+/8='));
  });
});
