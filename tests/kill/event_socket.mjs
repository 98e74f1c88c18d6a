// A socket of an event log by its bare protocol: writes that are answered by their numbers, and
// the entries of keys that it asked for.

import { decode, encode } from '@msgpack/msgpack';

const OPEN_MAX_MS = 5_000;
const ANSWER_MAX_MS = 10_000;
const CHUNK_BYTES = 512_000;

/** Codes that say that the client is at fault: to try again would not help. */
const refusals = [1003, 1007, 1008, 1009];

const hexOf = (bytes) => Buffer.from(bytes).toString('hex');

export class EventSocket {
  remoteId;
  /** Entries in the order they came: [sequence, entryId in hex]. */
  entries = [];

  #socket;
  #writes = 0;
  #asked = new Map(); // by id: those who wait for an Ack
  #chunks = new Map(); // by id: parts of a message
  #ended;
  #end;

  /** Open, once Hello has come. */
  static async open(url) {
    const opened = new EventSocket();
    const ended = Promise.withResolvers();
    ended.promise.catch(() => {});
    opened.#ended = ended.promise;
    opened.#end = ended.reject;
    const hello = Promise.withResolvers();
    const socket = new WebSocket(url);
    socket.binaryType = 'arraybuffer';
    socket.addEventListener('message', ({ data }) => {
      const message = decode(new Uint8Array(data));
      if (message._tag === 'Hello') {
        opened.remoteId = hexOf(message.remoteId);
        hello.resolve();
      } else opened.#take(message);
    });
    socket.addEventListener('close', ({ code, reason }) => {
      const Kind = refusals.includes(code) ? TypeError : Error;
      opened.#end(new Kind(`the socket closed: ${code} ${reason}`));
    });
    socket.addEventListener('error', () => opened.#end(new Error('the socket failed')));
    opened.#socket = socket;
    await opened.#within(OPEN_MAX_MS, hello.promise);
    return opened;
  }

  async #within(max_ms, promise) {
    const late = Promise.withResolvers();
    const timer = setTimeout(() => late.reject(new Error('no answer')), max_ms);
    try {
      return await Promise.race([promise, late.promise, this.#ended]);
    } finally {
      clearTimeout(timer);
    }
  }

  #take(message) {
    switch (message._tag) {
      case 'Ack':
        this.#asked.get(message.id)?.(message.sequenceNumbers);
        this.#asked.delete(message.id);
        return;
      case 'Changes':
        for (const { sequence, entryId } of message.entries) {
          this.entries.push([sequence, hexOf(entryId)]);
        }
        return;
      case 'ChunkedMessage':
        this.#join(message);
        return;
    }
  }

  #join({ id, part: [index, total], data }) {
    const parts = this.#chunks.get(id) ?? [];
    parts[index] = data;
    this.#chunks.set(id, parts);
    if (Object.keys(parts).length < total) return;
    this.#chunks.delete(id);
    this.#take(decode(Buffer.concat(parts)));
  }

  #send(message) {
    const bytes = encode(message);
    if (bytes.byteLength <= CHUNK_BYTES) {
      this.#socket.send(bytes);
      return;
    }
    const total = Math.ceil(bytes.byteLength / CHUNK_BYTES);
    for (let index = 0; index < total; index += 1) {
      const data = bytes.subarray(index * CHUNK_BYTES, (index + 1) * CHUNK_BYTES);
      const part = [index, total];
      this.#socket.send(encode({ _tag: 'ChunkedMessage', id: message.id, part, data }));
    }
  }

  /** Writes entries {entryId, encryptedEntry}: their sequences, as acknowledged. */
  async write(publicKey, encryptedEntries) {
    const id = this.#writes++;
    const answer = new Promise((resolve) => this.#asked.set(id, resolve));
    const iv = new Uint8Array(12);
    this.#send({ _tag: 'WriteEntries', publicKey, id, iv, encryptedEntries });
    return await this.#within(ANSWER_MAX_MS, answer);
  }

  requestChanges(publicKey, startSequence = 0) {
    this.#send({ _tag: 'RequestChanges', publicKey, startSequence });
  }

  /** Waits until the entry of this sequence has come. */
  async untilSequence(sequence) {
    const reached = () => this.entries.some(([each]) => each >= sequence);
    const polled = new Promise((resolve) => {
      const timer = setInterval(() => {
        if (reached()) resolve(clearInterval(timer));
      }, 10);
      this.#ended.catch(() => clearInterval(timer));
    });
    if (!reached()) await this.#within(ANSWER_MAX_MS, polled);
  }

  close() {
    this.#end(new Error('closed here'));
    this.#socket.close();
  }
}
