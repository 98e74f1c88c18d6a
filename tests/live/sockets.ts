// A live device, as tests play it: a socket to the real Worker, and the frames that come.

import { env, exports } from 'cloudflare:workers';
import { signToken } from '../tokens.ts';

export type Frame = Record<string, unknown> & { type: string };

const URL = 'https://tidemark.test/sync/live';

/** The upgrade's answer, whatever it is. */
export function upgrade(path = '', headers: Record<string, string> = {}): Promise<Response> {
  return exports.default.fetch(`${URL}${path}`, { headers: { upgrade: 'websocket', ...headers } });
}

export class Live {
  readonly #socket: WebSocket;
  readonly #frames: Frame[] = [];
  #waiting: ((frame: Frame) => void)[] = [];
  /** The code it was closed with. */
  readonly closed: Promise<number>;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener('message', ({ data }) => {
      const text = String(data);
      const frame = text === 'pong' ? { type: 'pong' } : (JSON.parse(text) as Frame);
      const waiting = this.#waiting.shift();
      if (waiting) waiting(frame);
      else this.#frames.push(frame);
    });
    this.closed = new Promise((done) => {
      socket.addEventListener('close', ({ code }) => done(code));
    });
    socket.accept();
  }

  static async open(user: string, device: string, claims = {}): Promise<Live> {
    const token = await signToken(user, claims);
    const response = await upgrade(`?device=${device}`, { authorization: `Bearer ${token}` });
    if (response.webSocket === null) {
      throw new Error(`${response.status}: ${await response.text()}`);
    }
    return new Live(response.webSocket);
  }

  static over(response: Response): Live {
    if (response.webSocket === null) throw new Error(`no socket: ${response.status}`);
    return new Live(response.webSocket);
  }

  send(frame: unknown): void {
    this.#socket.send(typeof frame === 'string' ? frame : JSON.stringify(frame));
  }

  sendBytes(bytes: ArrayBuffer): void {
    this.#socket.send(bytes);
  }

  /** The next frame, in the order they came. */
  next(): Promise<Frame> {
    const frame = this.#frames.shift();
    if (frame) return Promise.resolve(frame);
    return new Promise((done) => this.#waiting.push(done));
  }

  /** Sends a frame and takes the next one that answers it; what came before is dropped. */
  async ask(frame: Record<string, unknown>): Promise<Frame> {
    this.send(frame);
    let answer = await this.next();
    while (answer.request !== frame.request) answer = await this.next();
    return answer;
  }

  /** Frames that came and were not taken, once everything sent before has been dealt with. */
  async rest(): Promise<Frame[]> {
    this.send({ type: 'pull', request: 999_999, limit: 1 });
    const frames: Frame[] = [];
    for (let frame = await this.next(); frame.request !== 999_999; frame = await this.next()) {
      frames.push(frame);
    }
    return frames;
  }

  close(code = 1000): void {
    this.#socket.close(code);
  }
}

export function spaceStub(user: string) {
  return env.SPACE.get(env.SPACE.idFromName(user));
}
