// A server of the event log's protocol, written from docs/events.md: what a client may rely on, and
// nothing else. It refuses whatever a client must not send. Its sockets are a client's `WebSocket`.

import { decode, encode } from '@msgpack/msgpack';
import type { WebSocketConstructor } from '../../client/events/sync/sockets.ts';
import type { Process, World } from './world.ts';

export interface StoredEntry {
  sequence: number;
  iv: Uint8Array;
  entryId: Uint8Array;
  encryptedEntry: Uint8Array;
}

interface Subscription {
  start: number;
  /** Sequences that went out on this socket, or came in on it. */
  known: Set<number>;
}

type Message = Record<string, unknown> & { _tag: string };

export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const pageBytesMax = 512_000;

export class EventServer {
  readonly world: World;
  remoteId = crypto.getRandomValues(new Uint8Array(16));
  readonly logs = new Map<string, StoredEntry[]>();
  readonly sockets = new Set<ServerSocket>();
  /** Every message of every client, as it came. */
  readonly heard: Message[] = [];
  readonly urls: string[] = [];
  readonly protocols: string[][] = [];
  /** The first sequence that is kept. */
  kept = 1;
  up = true;
  pongs = true;
  /** Chances that a connection breaks at a message, and how late messages come. */
  loss = 0;
  delayMs = 1;
  /** What becomes of a message to a client; null loses it. */
  tamper: (message: Message) => Message | null = (message) => message;
  /** Called for a write before it is done; true: the server does nothing more. */
  intercept: (socket: ServerSocket, message: Message) => boolean = () => false;
  /** Each request is answered in full, whatever was sent before. */
  resends = false;
  /** Sequences of entries that are there already are left out of an Ack. */
  silentDuplicates = false;

  constructor(world: World) {
    this.world = world;
    this.remoteId[6] = 0x40 | ((this.remoteId[6] ?? 0) & 0x0f);
    this.remoteId[8] = 0x80 | ((this.remoteId[8] ?? 0) & 0x3f);
  }

  socketOf(process: Process): WebSocketConstructor {
    const server = this;
    return class {
      constructor(url: string, protocols: string | string[] = []) {
        server.urls.push(url);
        server.protocols.push([protocols].flat());
        // biome-ignore lint/correctness/noConstructorReturn: the socket stands in for the class
        return new ServerSocket(server, process, new URL(url));
      }
    };
  }

  log(key: string): StoredEntry[] {
    const log = this.logs.get(key) ?? [];
    this.logs.set(key, log);
    return log;
  }

  /** Forgets everything, and greets under another name. */
  wipe(): void {
    this.logs.clear();
    this.remoteId = crypto.getRandomValues(new Uint8Array(16));
    this.remoteId[6] = 0x4f;
    this.remoteId[8] = 0x8f;
    this.cut(1012, 'restarted: the log was wiped');
  }

  cut(code = 1006, reason = ''): void {
    for (const socket of [...this.sockets]) socket.fall(code, reason);
  }

  store(from: ServerSocket | null, key: string, entry: Omit<StoredEntry, 'sequence'>): number {
    const log = this.log(key);
    const same = log.find(({ entryId }) => hex(entryId) === hex(entry.entryId));
    if (same) return same.sequence;
    const stored = { ...entry, sequence: (log.at(-1)?.sequence ?? 0) + 1 };
    log.push(stored);
    from?.subscription(key).known.add(stored.sequence);
    for (const socket of this.sockets) if (socket !== from) socket.offer(key);
    return stored.sequence;
  }

  tags(): string[] {
    return this.heard.map(({ _tag }) => _tag);
  }
}

export class ServerSocket {
  readonly #server: EventServer;
  readonly #process: Process;
  readonly #listeners = new Map<string, ((event: object) => void)[]>();
  readonly #subscriptions = new Map<string, Subscription>();
  readonly #asked = new Set<string>();
  readonly #chunks = new Map<number, Uint8Array[]>();
  readonly url: URL;
  #writer: string | null = null;
  #ended = false;
  #arrives = { up: 0, down: 0 };
  closedBy: string | null = null;

  constructor(server: EventServer, process: Process, url: URL) {
    this.#server = server;
    this.#process = process;
    this.url = url;
    this.#later('down', () => {
      if (!server.up) {
        this.fall(1006);
        return;
      }
      server.sockets.add(this);
      this.#emit('open', {});
      this.say({ remoteId: server.remoteId, _tag: 'Hello' });
    });
  }

  addEventListener(type: string, listener: (event: object) => void): void {
    this.#listeners.set(type, [...(this.#listeners.get(type) ?? []), listener]);
  }

  send(data: Uint8Array): void {
    if (this.#ended) return;
    const bytes = data.slice();
    if (this.#breaks()) return;
    this.#later('up', () => this.#hear(bytes));
  }

  close(): void {
    this.#end();
  }

  say(message: Message): void {
    const sent = this.#server.tamper(message);
    if (!sent || this.#breaks()) return;
    const bytes = encode(sent, { useBigInt64: true });
    for (const frame of framesOf(bytes)) {
      this.#later('down', () => this.#emit('message', { data: frame.slice().buffer }));
    }
  }

  /** A frame as it is, of whatever kind. */
  sayRaw(data: unknown): void {
    this.#later('down', () => this.#emit('message', { data }));
  }

  fall(code: number, reason = ''): void {
    if (this.#ended) return;
    this.#later('down', () => {
      this.#end();
      this.#emit('close', { code, reason });
    });
  }

  subscription(key: string): Subscription {
    const found = this.#subscriptions.get(key) ?? { start: 0, known: new Set() };
    this.#subscriptions.set(key, found);
    return found;
  }

  /** Sends what the socket has asked for and not got, in pages. */
  offer(key: string): void {
    const subscription = this.#subscriptions.get(key);
    if (!subscription || !this.#asked.has(key)) return;
    const { start, known } = subscription;
    let page: StoredEntry[] = [];
    let size = 0;
    const flush = () => {
      if (page.length > 0) this.say({ publicKey: key, entries: page, _tag: 'Changes' });
      page = [];
      size = 0;
    };
    for (const entry of this.#server.log(key)) {
      if (entry.sequence < start || known.has(entry.sequence)) continue;
      known.add(entry.sequence);
      if (size + entry.encryptedEntry.length > pageBytesMax) flush();
      page.push(entry);
      size += entry.encryptedEntry.length;
    }
    flush();
  }

  #hear(bytes: Uint8Array): void {
    const message = decode(bytes) as Message;
    this.#server.heard.push(message);
    this.#serve(message);
  }

  #serve(message: Message): void {
    const key = message.publicKey as string;
    if (message._tag === 'Ping') {
      if (this.#server.pongs) this.say({ id: message.id, _tag: 'Pong' });
    } else if (message._tag === 'RequestChanges') {
      const asked = message.startSequence as number;
      const last = this.#server.log(key).at(-1)?.sequence ?? 0;
      const start = asked < 0 ? Math.max(1, last + 1 + asked) : asked;
      if (Math.max(start, 1) < this.#server.kept) {
        this.fall(4409, `cursor_expired: entries are kept from ${this.#server.kept} on`);
        return;
      }
      const subscription = this.subscription(key);
      subscription.start = this.#asked.has(key) ? Math.min(subscription.start, start) : start;
      this.#asked.add(key);
      if (this.#server.resends) subscription.known.clear();
      this.offer(key);
    } else if (message._tag === 'StopChanges') {
      this.#asked.delete(key);
    } else if (message._tag === 'WriteEntries') {
      this.#write(message, key);
    } else if (message._tag === 'ChunkedMessage') {
      this.#join(message);
    } else {
      this.fall(1007, `invalid_frame: ${message._tag}`);
    }
  }

  #write(message: Message, key: string): void {
    if (this.#server.intercept(this, message)) return;
    const entries = message.encryptedEntries as {
      entryId: Uint8Array;
      encryptedEntry: Uint8Array;
    }[];
    if (entries.length > 0 && this.url.searchParams.get('mode') === 'view') {
      this.fall(1008, 'read_only: this connection only reads');
      return;
    }
    this.#writer ??= key;
    if (this.#writer !== key) {
      this.fall(1008, 'key_bound: another key');
      return;
    }
    const iv = message.iv as Uint8Array;
    const had = new Set(this.#server.log(key).map(({ entryId }) => hex(entryId)));
    const sequenceNumbers = entries
      .filter(({ entryId }) => !(this.#server.silentDuplicates && had.has(hex(entryId))))
      .map((entry) => this.#server.store(this, key, { ...entry, iv }));
    this.say({ id: message.id, sequenceNumbers, _tag: 'Ack' });
  }

  #join({ id, part, data }: Message): void {
    const [index, total] = part as [number, number];
    const parts = this.#chunks.get(id as number) ?? [];
    parts[index] = data as Uint8Array;
    this.#chunks.set(id as number, parts);
    if (parts.filter(Boolean).length < total) return;
    this.#chunks.delete(id as number);
    this.#serve(decode(Buffer.concat(parts)) as Message);
  }

  #breaks(): boolean {
    if (this.#ended || !this.#server.world.chance(this.#server.loss)) return false;
    this.fall(1006);
    return true;
  }

  #end(): void {
    this.#ended = true;
    this.#server.sockets.delete(this);
  }

  #emit(type: string, event: object): void {
    for (const listener of this.#listeners.get(type) ?? []) listener(event);
  }

  /** Messages of one way keep their order. */
  #later(way: 'up' | 'down', run: () => void): void {
    const { world, delayMs } = this.#server;
    const at = Math.max(this.#arrives[way], world.now + delayMs * world.random());
    this.#arrives[way] = at;
    world.after(at - world.now, () => {
      if (!this.#ended && !this.#process.dead) run();
    });
  }
}

let chunkIds = 0;

function framesOf(bytes: Uint8Array): Uint8Array[] {
  if (bytes.length <= pageBytesMax) return [bytes];
  const total = Math.ceil(bytes.length / pageBytesMax);
  const id = chunkIds++;
  return Array.from({ length: total }, (_, index) => {
    const data = bytes.subarray(index * pageBytesMax, (index + 1) * pageBytesMax);
    return encode({ id, part: [index, total], data, _tag: 'ChunkedMessage' });
  });
}
