// What the address says after its `#`, and nobody keeps: which log to follow, and the keys to it.
//
// fragment := field *("&" field)          as a query string is written
// field := "key=" KEY | "public=" TEXT | "access=" TEXT
// KEY := an identity, base64url of {"publicKey": TEXT, "privateKey": base64 of 32 bytes}
//      | 32 bytes alone, as base64, base64url or hex; then `public` names the log
// access: an access key of the tenant, or a token
//
// No server gets a fragment. It is taken out of the address before anything else is done.

import { bytesOf } from '../../../../client/events/bytes.ts';
import {
  checkPublicKey,
  importIdentity,
  privateKeySize,
} from '../../../../client/events/identity.ts';

/** Which log, and by what right. Kept in memory only. */
export interface Wanted {
  /** Empty: none was given. */
  publicKey: string;
  /** Null for who sees metadata only. */
  privateKey: Uint8Array<ArrayBuffer> | null;
  /** An access key or a token; empty for who comes with a session's cookie, or with nothing. */
  access: string;
}

const FIELDS = ['key', 'public', 'access'] as const;
type Fields = Record<(typeof FIELDS)[number], string>;

/** What the name of a WebSocket's protocol may be made of (RFC 6455, section 4.1). */
const SENDABLE = /^[\w!#$%&'*+.^`|~-]*$/;

function bareKeyOf(text: string): Uint8Array<ArrayBuffer> | null {
  if (/^[0-9a-f]{64}$/i.test(text)) {
    return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
  }
  try {
    const bytes = bytesOf(text);
    return bytes.length === privateKeySize ? bytes : null;
  } catch {
    return null;
  }
}

/** Throws an error to be told, which never says the key. */
export function wantedOf({ key: given, public: publicKey, access: right }: Fields): Wanted {
  const access = right.trim();
  if (!SENDABLE.test(access)) {
    throw new Error('The access key or token has a character that a browser cannot send there');
  }
  // A `+` is a space in what is written as a query string, also the one that a key begins with.
  const plussed = (text: string) => text.replaceAll(' ', '+');
  const key = plussed(given.trim());
  const privateKey = bareKeyOf(plussed(given)) ?? bareKeyOf(key);
  if (key === '' || privateKey !== null) {
    return { access, publicKey: publicKey && checkPublicKey(publicKey), privateKey };
  }
  const identity = importIdentity(key);
  if (publicKey !== '' && publicKey !== identity.publicKey) {
    throw new Error('The identity key is that of another public key');
  }
  return { access, ...identity };
}

/** The fields of a fragment; null where it has none of them, as that of a link within the page. */
export function fieldsOf(hash: string): Fields | null {
  const given = new URLSearchParams(hash.replace(/^#/, ''));
  if (!FIELDS.some((name) => given.has(name))) return null;
  const [key = '', name = '', access = ''] = FIELDS.map((field) => given.get(field) ?? '');
  return { key, public: name, access };
}

/** The address without its fragment and without all that is not the tenant's name. */
export function cleanAddress(tenant: string): string {
  return tenant === 'default' ? '/viewer' : `/viewer?tenant=${encodeURIComponent(tenant)}`;
}
