// The way between a client and the fake server: `fetch` and `WebSocket` of a process. By chance a
// request is lost before or after it was served, served twice, or late; so requests and answers
// overtake each other. A socket keeps its order, and may break at any time.

import type { Body, FakeServer } from './fake_server.ts';
import type { Process, World } from './world.ts';

export interface Weather {
  /** The chance that a message is lost, and its connection with it. */
  loss: number;
  /** The chance that a request is served twice. */
  doubled: number;
  delayMs: number;
}

export const fair: Weather = { loss: 0, doubled: 0, delayMs: 5 };
export const storm: Weather = { loss: 0.2, doubled: 0.1, delayMs: 2_000 };

/** What the server does instead of serving, if it does. */
export type Refuse = (token: string | null, body: Body) => Response | null;

export class Network {
  readonly world: World;
  readonly server: FakeServer;
  weather: Weather = fair;
  up = true;
  /** Whether sockets can be had. */
  sockets = true;
  refuse: Refuse = () => null;
  /** Changes a frame to a client; null loses it. */
  tamper: (frame: string) => string | null = (frame) => frame;
  readonly open = new Set<FakeSocket>();
  readonly posts: { device: string; token: string | null; body: Body }[] = [];

  constructor(world: World, server: FakeServer) {
    this.world = world;
    this.server = server;
  }

  fetchOf(process: Process): typeof globalThis.fetch {
    const fetch = async (_url: unknown, init?: RequestInit): Promise<Response> => {
      const headers = new Headers(init?.headers);
      const device = headers.get('x-device-id') ?? 'default';
      const token = headers.get('authorization')?.replace(/^Bearer /, '') ?? null;
      await this.#way();
      const response = this.#serve(device, token, JSON.parse(String(init?.body)));
      await this.#way();
      return response;
    };
    return ((url, init) => process.alive(fetch(url, init))) as typeof globalThis.fetch;
  }

  socketOf(process: Process): typeof globalThis.WebSocket {
    const network = this;
    class Socket extends FakeSocket {
      constructor(url: string | URL, protocols?: string | string[]) {
        super(network, process, String(url), [protocols ?? []].flat());
      }
    }
    return Socket as unknown as typeof globalThis.WebSocket;
  }

  /** Ends all sockets, as a server does that restarts. */
  cut(code: number): void {
    for (const socket of [...this.open]) socket.fall(code);
  }

  delay(): number {
    return this.weather.delayMs * this.world.random();
  }

  #serve(device: string, token: string | null, body: Body): Response {
    const refused = this.refuse(token, body);
    if (refused) return refused;
    this.posts.push({ device, token, body });
    const answer = this.server.sync(device, body);
    if (!this.world.chance(this.weather.doubled)) return Response.json(answer);
    return Response.json(this.server.sync(device, body));
  }

  #way(): Promise<void> {
    const lost = !this.up || this.world.chance(this.weather.loss);
    return new Promise((resolve, reject) => {
      this.world.after(this.delay(), () => (lost ? reject(new Error('lost')) : resolve()));
    });
  }
}

export class FakeSocket {
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;
  onerror: (() => void) | null = null;
  readonly device: string;
  readonly protocols: string[];
  readonly sent: string[] = [];
  readonly #network: Network;
  readonly #process: Process;
  #isOpen = false;
  #ended = false;
  /** When the last message arrives, each way: none overtakes another. */
  #arrives = { up: 0, down: 0 };

  constructor(network: Network, process: Process, url: string, protocols: string[]) {
    this.#network = network;
    this.#process = process;
    this.protocols = protocols;
    this.device = new URL(url).searchParams.get('device') ?? 'default';
    this.#later('down', () => this.#begin());
  }

  send(text: string): void {
    if (this.#ended) return;
    this.sent.push(text);
    if (this.#network.world.chance(this.#network.weather.loss)) this.fall(1006);
    else this.#later('up', () => this.#receive(text));
  }

  close(): void {
    this.#end();
  }

  /** Sends a frame to the client. */
  hear(frame: Record<string, unknown> | string): void {
    const text = this.#network.tamper(typeof frame === 'string' ? frame : JSON.stringify(frame));
    if (text === null) return;
    if (this.#network.world.chance(this.#network.weather.loss)) this.fall(1006);
    else this.#later('down', () => this.onmessage?.({ data: text }));
  }

  /** The connection breaks, or the server ends it. */
  fall(code: number): void {
    if (this.#ended) return;
    this.#end();
    this.#network.world.after(this.#network.delay(), () => {
      if (!this.#process.dead) this.onclose?.({ code });
    });
  }

  #begin(): void {
    if (!this.#network.up || !this.#network.sockets) {
      this.fall(1006);
      return;
    }
    this.#isOpen = true;
    this.#network.open.add(this);
    this.#network.server.listeners.add(this);
    this.onopen?.();
  }

  #receive(text: string): void {
    if (!this.#isOpen) return;
    if (text === 'ping') {
      this.hear('pong');
      return;
    }
    const { type, request, state, ...body } = JSON.parse(text);
    if (type === 'presence') {
      for (const other of this.#network.open) {
        if (other !== this) other.hear({ type, device: this.device, state });
      }
      return;
    }
    const answer = this.#network.server.sync(this.device, body);
    this.hear({ type: type === 'push' ? 'ack' : 'changes', request, ...answer });
  }

  #end(): void {
    this.#ended = true;
    this.#isOpen = false;
    this.#network.open.delete(this);
    this.#network.server.listeners.delete(this);
  }

  #later(way: 'up' | 'down', run: () => void): void {
    const { world } = this.#network;
    const at = Math.max(this.#arrives[way], world.now + this.#network.delay());
    this.#arrives[way] = at;
    world.after(at - world.now, () => {
      if (!this.#ended && !this.#process.dead) run();
    });
  }
}
