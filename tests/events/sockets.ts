// A client of an event log, as tests play it: a socket to the real Worker, and messages in
// MessagePack.

import { env, exports } from 'cloudflare:workers';
import { decode, encode } from '@msgpack/msgpack';

export interface Entry {
  sequence: number;
  iv: Uint8Array;
  entryId: Uint8Array;
  encryptedEntry: Uint8Array;
}

export type Message = { _tag: string } & Record<string, unknown>;

/** The upgrade's answer, whatever it is. */
export function upgrade(path: string, headers: Record<string, string> = {}): Promise<Response> {
  const init = { headers: { upgrade: 'websocket', ...headers } };
  return exports.default.fetch(`https://tidemark.test${path}`, init);
}

export const logOf = (tenant: string) => env.EVENTS.get(env.EVENTS.idFromName(tenant));

/** 16 bytes that no other number gives. */
export function entryId(number: number): Uint8Array {
  const id = new Uint8Array(16);
  new DataView(id.buffer).setUint32(12, number);
  return id;
}

export class Peer {
  readonly #socket: WebSocket;
  readonly #messages: Message[] = [];
  #waiting: ((message: Message) => void)[] = [];
  #chunks: Uint8Array[] = [];
  #writes = 0;
  readonly closed: Promise<{ code: number; reason: string }>;

  constructor(response: Response) {
    if (response.webSocket === null) throw new Error(`no socket: ${response.status}`);
    this.#socket = response.webSocket;
    this.#socket.binaryType = 'arraybuffer';
    this.#socket.addEventListener('message', ({ data }) => this.#take(data as ArrayBuffer));
    this.closed = new Promise((done) => {
      this.#socket.addEventListener('close', ({ code, reason }) => done({ code, reason }));
    });
    this.#socket.accept();
  }

  /** Joins, and takes Hello. */
  static async open(tenant: string, more = '', headers = {}): Promise<Peer> {
    const peer = new Peer(await upgrade(`/eventlog/${tenant}${more}`, headers));
    const hello = await peer.next();
    if (hello._tag !== 'Hello') throw new Error(`${hello._tag} came first`);
    return peer;
  }

  #take(data: ArrayBuffer): void {
    let message = decode(new Uint8Array(data)) as Message;
    if (message._tag === 'ChunkedMessage') {
      const [index, total] = message.part as [number, number];
      this.#chunks[index] = message.data as Uint8Array;
      if (index + 1 < total) return;
      message = decode(new Uint8Array(this.#chunks.flatMap((chunk) => [...chunk]))) as Message;
      this.#chunks = [];
    }
    const waiting = this.#waiting.shift();
    if (waiting) waiting(message);
    else this.#messages.push(message);
  }

  send(message: Message | Uint8Array | string): void {
    const raw = typeof message === 'string' || message instanceof Uint8Array;
    this.#socket.send(raw ? message : encode(message));
  }

  next(): Promise<Message> {
    const message = this.#messages.shift();
    if (message) return Promise.resolve(message);
    return new Promise((done) => this.#waiting.push(done));
  }

  request(publicKey: string, startSequence: number): void {
    this.send({ _tag: 'RequestChanges', publicKey, startSequence });
  }

  /** Writes entries by their numbers; the sequences that it is told. */
  async write(publicKey: string, numbers: number[], size = 8): Promise<number[]> {
    const id = this.#writes++;
    const encryptedEntries = numbers.map((number) => ({
      entryId: entryId(number),
      encryptedEntry: new Uint8Array(size).fill(number),
    }));
    this.send({ _tag: 'WriteEntries', publicKey, id, iv: new Uint8Array(12), encryptedEntries });
    for (;;) {
      const message = await this.next();
      if (message._tag !== 'Ack') {
        this.#messages.push(message);
        continue;
      }
      if (message.id !== id) throw new Error('an Ack of another write');
      return message.sequenceNumbers as number[];
    }
  }

  /** Entries of Changes until so many have come. */
  async entries(count: number): Promise<Entry[]> {
    const entries: Entry[] = [];
    while (entries.length < count) {
      const message = await this.next();
      if (message._tag === 'Changes') entries.push(...(message.entries as Entry[]));
    }
    return entries;
  }

  /** What came and was not taken, once everything sent before has been dealt with. */
  async rest(): Promise<Message[]> {
    this.send({ _tag: 'Ping', id: 4_000_000 });
    const messages: Message[] = [];
    for (let each = await this.next(); each._tag !== 'Pong'; each = await this.next()) {
      messages.push(each);
    }
    return messages;
  }

  close(): void {
    this.#socket.close(1000, 'done');
  }
}
