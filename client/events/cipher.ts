// How entries are sealed.
//
// With an identity: AES-256-GCM with its private key, an iv of 12 random bytes for each entry, the
// 128-bit tag appended, no additional data. Each attempt to send makes a fresh iv, so no iv is used
// for two texts. Without encryption: the bare bytes, under an iv of zeros.
//
// A reader with a key takes only what that key sealed: else a server could put in entries of its
// own. A reader without one takes only bare entries.

import type { Bytes } from './bytes.ts';
import { type Entry, packEntry, unpackEntry } from './entry.ts';
import { EventsError } from './errors.ts';
import type { Identity } from './identity.ts';
import { ivSize, type SealedEntry } from './protocol.ts';

export interface Cipher {
  seal(entry: Entry): Promise<{ iv: Bytes; data: Bytes }>;
  /** Throws `undecryptable` or `bad_entry`. */
  open(sealed: SealedEntry): Promise<Entry>;
}

/** How many bytes sealing adds. */
export const sealBytes = 16;

export function aesCipher(identity: Identity, crypto: Crypto): Cipher {
  let key: Promise<CryptoKey> | undefined;
  const imported = () => {
    key ??= crypto.subtle.importKey('raw', identity.privateKey, 'AES-GCM', false, [
      'encrypt',
      'decrypt',
    ]);
    return key;
  };
  const algorithm = (iv: Bytes) => ({ name: 'AES-GCM', iv, tagLength: 128 });
  return {
    async seal(entry) {
      const iv = crypto.getRandomValues(new Uint8Array(ivSize));
      const data = await crypto.subtle.encrypt(algorithm(iv), await imported(), packEntry(entry));
      return { iv, data: new Uint8Array(data) };
    },
    async open({ iv, data, entryId }) {
      let opened: ArrayBuffer;
      try {
        opened = await crypto.subtle.decrypt(algorithm(iv), await imported(), data);
      } catch (cause) {
        throw undecryptable('This key did not seal the entry', cause);
      }
      return unpackEntry(new Uint8Array(opened), entryId);
    },
  };
}

export const bareCipher: Cipher = {
  async seal(entry) {
    return { iv: new Uint8Array(ivSize), data: packEntry(entry) };
  },
  async open({ iv, data, entryId }) {
    if (iv.length !== ivSize || iv.some((byte) => byte !== 0)) {
      throw undecryptable('The entry is sealed, and there is no key');
    }
    return unpackEntry(data, entryId);
  },
};

const undecryptable = (message: string, cause?: unknown) =>
  new EventsError('undecryptable', message, { cause });
