// What the page at /viewer is made of: its address, its entries in order, the offsets of its rows,
// and what it reads out of payloads.

import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { exportIdentity } from '../../client/events/identity.ts';
import { cleanAddress, fieldsOf, wantedOf } from '../../worker/pages/browser/viewer/address.ts';
import { Entries } from '../../worker/pages/browser/viewer/entries.ts';
import { kindOf, type ShownEntry } from '../../worker/pages/browser/viewer/entry.ts';
import { Offsets } from '../../worker/pages/browser/viewer/offsets.ts';
import {
  detailAt,
  jsonText,
  messageAt,
  textAt,
} from '../../worker/pages/browser/viewer/payload.ts';

// The key's base64 begins with the `+` that a query string makes a space of.
const identity = {
  publicKey: '6f2c1a58-8a34-4b0e-9d6f-0c1f3e5a7b92',
  privateKey: Uint8Array.from({ length: 32 }, (_, at) => (0xfb - 29 * at) & 0xff),
};

it('no source of the page writes entries, or keeps anything in the browser', () => {
  const folder = 'worker/pages/browser';
  const names = readdirSync(`${folder}/viewer`).map((name) => `viewer/${name}`);
  for (const name of ['viewer.ts', ...names]) {
    const source = readFileSync(`${folder}/${name}`, 'utf8');
    expect([
      name,
      source.match(/WriteEntries|writeEntry|indexedDB|(local|session)Storage/),
    ]).toEqual([name, null]);
    expect([name, source.match(/innerHTML|insertAdjacentHTML|document\.write|eval\(/)]).toEqual([
      name,
      null,
    ]);
  }
  const bundle = readFileSync('build/assets/viewer.js.txt', 'utf8');
  expect(bundle).not.toMatch(/indexedDB|localStorage|sessionStorage|innerHTML/);
});
const hex = Buffer.from(identity.privateKey).toString('hex');
const base64 = Buffer.from(identity.privateKey).toString('base64');
const none = { key: '', public: '', access: '' };

describe('a fragment', () => {
  it('has the fields that it names, and is none of ours without one', () => {
    expect(fieldsOf('#key=a%20b&access=c')).toEqual({ key: 'a b', public: '', access: 'c' });
    for (const hash of ['', '#', '#main', '#other=1']) expect(fieldsOf(hash)).toBeNull();
  });

  it.each([
    ['an identity', exportIdentity(identity), ''],
    ['an identity, and its public key', exportIdentity(identity), identity.publicKey],
    ['hex', hex, identity.publicKey],
    ['base64', base64, identity.publicKey],
    ['base64 in which + became a space', base64.replaceAll('+', ' '), identity.publicKey],
    ['base64 with spaces around it', ` ${base64} `, identity.publicKey],
    ['base64url', Buffer.from(hex, 'hex').toString('base64url'), identity.publicKey],
  ])('gives both keys as %s', (_, key, publicKey) => {
    expect(wantedOf({ key, public: publicKey, access: ' K ' })).toEqual({
      ...identity,
      access: 'K',
    });
  });

  it('without a key gives none', () => {
    expect(wantedOf({ ...none, public: 'p' }).privateKey).toBeNull();
    expect(wantedOf(none).publicKey).toBe('');
  });

  it.each(['nonsense', hex.slice(2), `${hex}00`, 'e30', '%'])(
    'with %j for a key is refused, and the error does not say it',
    (key) => {
      const failure = () => wantedOf({ ...none, key, public: 'p' });
      expect(failure).toThrow();
      expect(failure).not.toThrow(key);
    },
  );

  it('with the identity of another public key is refused', () => {
    expect(() => wantedOf({ ...none, key: exportIdentity(identity), public: 'p' })).toThrow(
      'another public key',
    );
  });

  it('with an access key that no subprotocol can carry is refused', () => {
    for (const access of ['a b', 'a/b', 'a=', 'ä', 'a,b']) {
      expect(() => wantedOf({ ...none, public: 'p', access })).toThrow('a browser cannot send');
    }
  });

  it('leaves an address that says the tenant alone', () => {
    expect(cleanAddress('default')).toBe('/viewer');
    expect(cleanAddress('a.b-c')).toBe('/viewer?tenant=a.b-c');
  });
});

const entry = (sequence: number, name: string | null = 'chat.message'): ShownEntry => ({
  sequence,
  id: String(sequence),
  time: 0,
  bytes: 1,
  event: name === null ? null : { name, primaryKey: '', payload: {} },
});
const sequences = (entries: Entries) => entries.seen.map(({ sequence }) => sequence);

describe('entries', () => {
  it('stand in the order of the log, each once, whatever order they come in', () => {
    const entries = new Entries();
    expect(entries.add([entry(6), entry(5)])).toEqual({ reset: false, before: 0, after: 2 });
    expect(entries.add([entry(7), entry(6)])).toEqual({ reset: false, before: 0, after: 1 });
    expect(entries.add([entry(2), entry(1)])).toEqual({ reset: false, before: 2, after: 0 });
    expect(entries.add([entry(3), entry(8)]).reset).toBe(true);
    expect(entries.add([entry(3)])).toEqual({ reset: false, before: 0, after: 0 });
    expect(sequences(entries)).toEqual([1, 2, 3, 5, 6, 7, 8]);
    expect([entries.size, entries.first, entries.counts.chat]).toEqual([7, 1, 7]);
  });

  it('of a hidden kind are counted, and come back', () => {
    const entries = new Entries();
    entries.hide('undecryptable', true);
    expect(entries.add([entry(1), entry(2, null), entry(3)]).after).toBe(2);
    expect(sequences(entries)).toEqual([1, 3]);
    expect(entries.counts.undecryptable).toBe(1);
    entries.hide('undecryptable', false);
    expect(sequences(entries)).toEqual([1, 2, 3]);
  });

  it.each([
    ['chat.message', 'chat'],
    ['ChatMessageSent', 'chat'],
    ['chat_message', 'chat'],
    ['artifacts.put', 'artifact'],
    ['audit', 'audit'],
    ['auditorium.opened', 'other'],
    ['other.event', 'other'],
    ['undecryptable', 'other'],
    ['', 'other'],
    [null, 'undecryptable'],
  ])('called %j are of the kind %s', (name, kind) => expect(kindOf(entry(1, name))).toBe(kind));
});

describe('offsets', () => {
  it('are those of a plain sum, after every change', () => {
    const offsets = new Offsets();
    let heights: number[] = [];
    let seed = 7;
    const random = (below: number) => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed % below;
    };
    for (let round = 0; round < 400; round += 1) {
      const height = 1 + random(90);
      if (round % 50 === 49) {
        const before = [height, height + 1, height + 2];
        offsets.unshift(before);
        heights = [...before, ...heights];
      } else if (round % 3 === 2) {
        const index = random(heights.length);
        offsets.set(index, height);
        heights[index] = height;
      } else {
        offsets.push(height);
        heights.push(height);
      }
      const index = random(heights.length + 1);
      const sum = heights.slice(0, index).reduce((total, one) => total + one, 0);
      expect(offsets.of(index)).toBe(sum);
      if (index < heights.length) {
        expect([offsets.at(sum), offsets.at(sum + (heights[index] ?? 0) - 0.5)]).toEqual([
          index,
          index,
        ]);
      }
    }
    expect(offsets.total).toBe(heights.reduce((total, one) => total + one, 0));
    expect([offsets.at(-5), offsets.at(1e9)]).toEqual([0, heights.length - 1]);
    expect([new Offsets().at(0), new Offsets().total]).toEqual([0, 0]);
  });
});

describe('a payload', () => {
  it('gives the first member that is a text or a number, and nothing inherited', () => {
    expect(textAt({ b: 2, a: '' }, 'a', 'b')).toBe('2');
    expect(textAt({ a: {} }, 'a', 'toString', '__proto__')).toBeUndefined();
    for (const payload of [null, 'text', 7, undefined])
      expect(textAt(payload, 'a')).toBeUndefined();
  });

  it('gives a message of one text, or of the texts of its parts', () => {
    expect(messageAt({ content: 'a' }, 'content')).toBe('a');
    expect(messageAt({ content: [{ text: 'a' }, 'b'] }, 'content')).toBe('a\nb');
    expect(messageAt({ content: [{ image: 1 }] }, 'content')).toBeUndefined();
    expect(detailAt({ details: { n: 1 } }, 'details')).toBe('{"n":1}');
  });

  it('is JSON whatever is in it', () => {
    const strange = { bytes: new Uint8Array(1500), big: 7n, not: Number.NaN };
    expect(jsonText(strange, 0)).toBe('{"bytes":"(1.5 kB)","big":"7","not":"NaN"}');
    expect(jsonText(undefined)).toBe('undefined');
  });
});
