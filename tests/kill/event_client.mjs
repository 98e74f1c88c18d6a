// A client that writes entries into an event log without a pause, connects anew where its socket
// breaks, and sends the same again. It is run as client.mjs is.

import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { EventSocket } from './event_socket.mjs';

const BATCH = 5;
const IN_FLIGHT = 4;
const BACK_OFF_MAX_MS = 400;
const SETTLE_MAX_MS = 20_000;

const makeBatch = () =>
  Array.from({ length: BATCH }, () => ({
    entryId: randomBytes(16),
    encryptedEntry: randomBytes(120),
  }));

export class EventClient {
  retries = 0;
  /** By entry id, the sequence that was acknowledged. */
  acknowledged = new Map();

  #url;
  #key;
  #remoteId;

  static make(server, tenant, key) {
    const client = new EventClient();
    client.#url = `${server.replace('http', 'ws')}/eventlog/${tenant}`;
    client.#key = key;
    return client;
  }

  async #open() {
    const socket = await EventSocket.open(this.#url);
    this.#remoteId ??= socket.remoteId;
    if (socket.remoteId !== this.#remoteId) throw new TypeError('the log has another remoteId');
    return socket;
  }

  async #write(socket, batch) {
    const sequences = await socket.write(this.#key, batch);
    if (sequences.length !== batch.length) throw new TypeError('an Ack lacks numbers');
    batch.forEach(({ entryId }, at) => {
      this.acknowledged.set(entryId.toString('hex'), sequences[at]);
    });
  }

  /** Writes until told to stop; what was not acknowledged by then is not counted. */
  async run(stopped) {
    let waiting = [];
    let back_off_ms = 25;
    while (!stopped()) {
      let socket;
      try {
        socket = await this.#open();
        while (!stopped()) {
          while (waiting.length < IN_FLIGHT) waiting.push(makeBatch());
          const writes = await Promise.allSettled(waiting.map((each) => this.#write(socket, each)));
          waiting = waiting.filter((_, at) => writes[at].status === 'rejected');
          const failed = writes.find(({ status }) => status === 'rejected');
          if (failed) throw failed.reason;
          back_off_ms = 25;
        }
      } catch (error) {
        if (error instanceof TypeError) throw error; // Refused: not the kill's.
        this.retries += 1;
        await sleep(back_off_ms);
        back_off_ms = Math.min(back_off_ms * 2, BACK_OFF_MAX_MS);
      } finally {
        socket?.close();
      }
    }
  }

  /** Entries of the log as a new client gets them, up to the last one acknowledged. */
  async pull() {
    const last = Math.max(0, ...this.acknowledged.values());
    for (const until = Date.now() + SETTLE_MAX_MS; ; await sleep(100)) {
      let socket;
      try {
        socket = await this.#open();
        socket.requestChanges(this.#key);
        await socket.untilSequence(last);
        return socket.entries;
      } catch (error) {
        if (error instanceof TypeError || Date.now() > until) throw error;
      } finally {
        socket?.close();
      }
    }
  }

  /** How many acknowledged entries are not stored under their number, and how many stand twice or
   * leave a gap before them. */
  async count() {
    const stored = await this.pull();
    const sequences = new Map(stored.map(([sequence, id]) => [id, sequence]));
    const missing = [...this.acknowledged].filter(
      ([id, sequence]) => sequences.get(id) !== sequence,
    );
    const irregular = stored.filter(([sequence], index) => sequence !== index + 1).length;
    return { missing: missing.length, twice: stored.length - sequences.size + irregular };
  }
}
