// A bad network between clients and a Worker: requests that never arrive, answers that are lost or
// come late, requests that arrive twice, sockets that are slow and break. What happens to the n-th
// request is drawn from a seed.

import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import net from 'node:net';
import type { Duplex } from 'node:stream';

/** Chances from 0 to 1, of each request or socket. */
export interface Chaos {
  lostRequest: number;
  lostAnswer: number;
  doubled: number;
  delayed: number;
  brokenSocket: number;
}

const CALM: Chaos = { lostRequest: 0, lostAnswer: 0, doubled: 0, delayed: 0, brokenSocket: 0 };
const DELAY_MS = 150;
const BREAK_MS = 1500;

/** mulberry32: small, seeded, good enough to choose faults. */
export function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

const wait = (ms: number) => new Promise((done) => setTimeout(done, ms));

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

interface Answer {
  status: number;
  headers: http.IncomingHttpHeaders;
  body: Buffer;
}

export class BadNetwork {
  /** What was done to requests and sockets, by name of the chance. */
  readonly counts: Chaos = { ...CALM };
  readonly #target: URL;
  readonly #random: () => number;
  readonly #server: http.Server;
  readonly #sockets = new Set<Duplex>();
  #chaos: Chaos;

  private constructor(target: string, seed: number, chaos: Partial<Chaos>) {
    this.#target = new URL(target);
    this.#random = randomOf(seed);
    this.#chaos = { ...CALM, ...chaos };
    this.#server = http.createServer((request, response) => {
      this.#forward(request, response).catch(() => response.destroy());
    });
    this.#server.on('upgrade', (request, socket, head) => this.#tunnel(request, socket, head));
  }

  static async start(
    target: string,
    seed: number,
    chaos: Partial<Chaos> = {},
  ): Promise<BadNetwork> {
    const proxy = new BadNetwork(target, seed, chaos);
    await new Promise<void>((done) => proxy.#server.listen(0, '127.0.0.1', done));
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as net.AddressInfo).port}`;
  }

  /** What may happen from now on. */
  set(chaos: Partial<Chaos>): void {
    this.#chaos = { ...CALM, ...chaos };
  }

  /** From now on nothing goes wrong. */
  calm(): void {
    this.set({});
  }

  /** From now on nothing gets through. */
  down(): void {
    this.set({ lostRequest: 1 });
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.closeAllConnections();
    await new Promise((done) => this.#server.close(done));
  }

  #happens(what: keyof Chaos): boolean {
    const happens = this.#random() < this.#chaos[what];
    if (happens) this.counts[what] += 1;
    return happens;
  }

  async #forward(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await bodyOf(request);
    if (this.#happens('lostRequest')) return void response.destroy();
    if (this.#happens('delayed')) await wait(this.#random() * DELAY_MS);
    if (this.#happens('doubled')) await this.#send(request, body);
    const answer = await this.#send(request, body);
    if (this.#happens('lostAnswer')) return void response.destroy();
    if (this.#happens('delayed')) await wait(this.#random() * DELAY_MS);
    response.writeHead(answer.status, answer.headers);
    response.end(answer.body);
  }

  #send(request: IncomingMessage, body: Buffer): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const { method, headers } = request;
      const sent = http.request(new URL(request.url ?? '/', this.#target), {
        ...(method !== undefined && { method }),
        headers: { ...headers, connection: 'close' },
      });
      sent.on('error', reject);
      sent.on('response', (answer) => {
        const { statusCode: status = 502, headers: told } = answer;
        const { 'transfer-encoding': _, ...kept } = told;
        bodyOf(answer).then((bytes) => resolve({ status, headers: kept, body: bytes }), reject);
      });
      sent.end(body);
    });
  }

  #tunnel(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const { hostname, port } = this.#target;
    const upstream = net.connect(Number(port), hostname);
    const both = [socket, upstream];
    const end = () => {
      for (const each of both) {
        each.destroy();
        this.#sockets.delete(each);
      }
    };
    for (const each of both) {
      this.#sockets.add(each);
      each.on('error', end);
      each.on('close', end);
    }
    const lines = [`${request.method} ${request.url} HTTP/1.1`];
    for (let i = 0; i < request.rawHeaders.length; i += 2) {
      lines.push(`${request.rawHeaders[i]}: ${request.rawHeaders[i + 1]}`);
    }
    upstream.write(`${lines.join('\r\n')}\r\n\r\n`);
    upstream.write(head);
    socket.pipe(upstream);
    upstream.pipe(socket);
    if (this.#happens('brokenSocket')) setTimeout(end, this.#random() * BREAK_MS);
  }
}
