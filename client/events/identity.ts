// Whose log it is: a public key, which names the log at the server and is any text, and a private
// key, 32 random bytes, which seals its entries. Who has both reads and writes the log; who has
// only the public key sees how much is written and when.
//
// As text: base64url of the JSON {"publicKey", "privateKey": base64}. This is the text that
// Effect's `Identity.encodeString` makes.

import { type Bytes, base64Of, base64UrlOf, bytesOf } from './bytes.ts';
import { EventsError } from './errors.ts';

export interface Identity {
  readonly publicKey: string;
  readonly privateKey: Bytes;
}

export const privateKeySize = 32;
/** The server's bound, in bytes of UTF-8. */
export const publicKeyBytesMax = 1_024;

export function generateIdentity(source: Crypto = crypto): Identity {
  const privateKey = source.getRandomValues(new Uint8Array(privateKeySize));
  return { publicKey: source.randomUUID(), privateKey };
}

export function exportIdentity({ publicKey, privateKey }: Identity): string {
  const json = JSON.stringify({ publicKey, privateKey: base64Of(privateKey) });
  return base64UrlOf(new TextEncoder().encode(json));
}

/** Throws `invalid_identity`, which never tells the text. */
export function importIdentity(text: string): Identity {
  let value: unknown;
  let privateKey: Bytes | undefined;
  try {
    value = JSON.parse(new TextDecoder().decode(bytesOf(text.trim())));
    privateKey = bytesOf((value as { privateKey: string }).privateKey);
  } catch {
    throw wrong('The text is not an identity');
  }
  if (privateKey.length !== privateKeySize) throw wrong('The private key is not 32 bytes');
  const { publicKey } = value as { publicKey: unknown };
  return { publicKey: checkPublicKey(publicKey), privateKey };
}

export function checkPublicKey(publicKey: unknown): string {
  if (typeof publicKey !== 'string' || publicKey === '') throw wrong('There is no public key');
  if (new TextEncoder().encode(publicKey).length > publicKeyBytesMax) {
    throw wrong(`The public key is over ${publicKeyBytesMax} bytes`);
  }
  return publicKey;
}

const wrong = (message: string) => new EventsError('invalid_identity', message);
