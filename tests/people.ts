// Users as an address names them: a share goes to an address, and its id is made from it.

import { Device } from './clients.ts';

export interface Person {
  email: string;
  id: string;
  device: Device;
}

let people = 0;

/** Somebody nobody else is, with a device. */
export async function newPerson(name: string): Promise<Person> {
  people += 1;
  const email = `${name}-${people}-${crypto.randomUUID().slice(0, 8)}@example.com`;
  const id = await userIdOf(email);
  return { email, id, device: new Device(id, `${name}-laptop`, { email }) };
}

/** As scripts/token.mjs makes it. */
export async function userIdOf(email: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(email));
  const hex = [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0'));
  return `u${hex.join('').slice(0, 24)}`;
}
