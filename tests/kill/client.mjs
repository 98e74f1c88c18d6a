// A client that pushes without a pause, backs off where nobody answers, and sends the same again.

import { createHash, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { SignJWT } from 'jose';

const BATCH = 5;
const BACK_OFF_MAX_MS = 400;
const ANSWER_MAX_MS = 10_000;

export async function signToken(user, secret) {
  const kid = createHash('sha256').update(secret).digest('hex').slice(0, 8);
  return new SignJWT({ user_id: user, email: `${user}@example.com`, role: 'user' })
    .setProtectedHeader({ alg: 'HS256', kid })
    .setSubject(user)
    .setIssuer('tidemark')
    .setAudience('tidemark')
    .setJti(randomUUID())
    .setIssuedAt()
    .setExpirationTime('1h')
    .sign(new TextEncoder().encode(secret));
}

export class Client {
  user;
  retries = 0;
  /** By id, the title that was last acknowledged. */
  acknowledged = new Map();

  #url;
  #device;
  #token;
  #cursor = null;
  #round = 0;

  static async make(url, secret, user, device) {
    const client = new Client();
    Object.assign(client, { user });
    client.#url = url;
    client.#device = device;
    client.#token = await signToken(user, secret);
    return client;
  }

  async #sync(payload) {
    const response = await fetch(`${this.#url}/sync`, {
      method: 'POST',
      body: JSON.stringify(payload),
      headers: {
        authorization: `Bearer ${this.#token}`,
        'content-type': 'application/json',
        'x-device-id': this.#device,
      },
      signal: AbortSignal.timeout(ANSWER_MAX_MS),
    });
    const text = await response.text();
    if (response.status >= 500) throw new Error(`${response.status}`);
    if (!response.ok) throw new TypeError(`refused: ${response.status} ${text}`);
    return JSON.parse(text);
  }

  /** A batch of new plans, and an update of an earlier one. */
  #batch() {
    const now = Date.now();
    const round = this.#round++;
    const delta = (id) => {
      const data = { title: `${id} in round ${round}`, status: 'active' };
      return { action: 'update', id, data, updated_at: now, counter: round % 1000 };
    };
    const ids = Array.from({ length: BATCH }, (_, index) => `${this.#device}-${round}-${index}`);
    if (round > 0) ids[0] = `${this.#device}-${round - 1}-1`;
    return ids.map(delta);
  }

  /** Pushes until told to stop; what was not answered by then is not counted. */
  async run(stopped) {
    while (!stopped()) {
      const plans = this.#batch();
      let back_off_ms = 25;
      while (!stopped()) {
        try {
          const { cursor, rejected } = await this.#sync({ cursor: this.#cursor, plans });
          if (rejected.length > 0) throw new TypeError(JSON.stringify(rejected));
          this.#cursor = cursor;
          for (const { id, data } of plans) this.acknowledged.set(id, data.title);
          break;
        } catch (error) {
          if (error instanceof TypeError && !error.cause) throw error; // Refused: not the kill's.
          this.retries += 1;
          await sleep(back_off_ms);
          back_off_ms = Math.min(back_off_ms * 2, BACK_OFF_MAX_MS);
        }
      }
    }
  }

  /** The whole state from 0, by id; patient, since it may meet a kill. */
  async pull() {
    const state = new Map();
    let cursor = null;
    for (let more = true; more; ) {
      const page = await this.#sync({ cursor, limit: 1_000 });
      for (const { id, data } of page.plans) state.set(id, data.title);
      cursor = page.cursor;
      more = page.has_more;
    }
    return state;
  }
}
