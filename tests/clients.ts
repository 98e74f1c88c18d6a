// A device of a user, as tests play it: push, pull and sync through the real Worker.

import { env, exports } from 'cloudflare:workers';
import type { JWTPayload } from 'jose';
import { signToken } from './tokens.ts';

export type Collection = 'plans' | 'sessions' | 'cards';

export interface Delta {
  action: string;
  id: string;
  data?: Record<string, unknown>;
  updated_at?: number;
  counter?: number;
  owner?: string;
}

/** A delta as the server tells it. */
export interface Told extends Delta {
  updated_at: number;
  counter: number;
  device: string;
  seq: number;
  permission?: string;
}

export interface Notice {
  index: number;
  collection: string;
  id?: string;
  code: string;
  message: string;
}

export interface Answer {
  plans: Told[];
  sessions: Told[];
  cards: Told[];
  deleted_ids: string[];
  cursor: string;
  has_more: boolean;
  reset?: true;
  reset_reason?: string;
  rejected: Notice[];
  conflicts: Notice[];
  server_time: number;
}

export interface Problem {
  error: string;
  message: string;
}

export type Payload = Partial<Record<Collection, Delta[]>> & {
  cursor?: string | null;
  limit?: number;
  deleted_ids?: string[];
};

export type Headers = Record<string, string>;

const ORIGIN = 'https://tidemark.test';

/** Any request, as it is. */
export function send(path: string, init: RequestInit = {}): Promise<Response> {
  return exports.default.fetch(`${ORIGIN}${path}`, init);
}

let users = 0;

/** A user nobody else has. */
export function newUser(): string {
  users += 1;
  return `user-${users}-${crypto.randomUUID().slice(0, 8)}`;
}

export class Device {
  /** Where it stands: a pull keeps it, as a real client does. */
  cursor: string | null = null;

  readonly user: string;
  readonly name: string | null;
  readonly #claims: JWTPayload;

  /** Without a name it sends no X-Device-ID. */
  constructor(user: string, name: string | null = 'laptop', claims: JWTPayload = {}) {
    this.user = user;
    this.name = name;
    this.#claims = claims;
  }

  async headers(more: Headers = {}): Promise<Headers> {
    return {
      authorization: `Bearer ${await signToken(this.user, this.#claims)}`,
      ...(this.name !== null && { 'x-device-id': this.name }),
      ...more,
    };
  }

  async get(path: string): Promise<Response> {
    return send(path, { headers: await this.headers() });
  }

  async list<Row>(path: string): Promise<Row[]> {
    return ok<Row[]>(await this.get(path));
  }

  /** A request without a body, by any method. */
  async ask(method: string, path: string): Promise<Response> {
    return send(path, { method, headers: await this.headers() });
  }

  async put(path: string, body: unknown): Promise<Response> {
    const headers = await this.headers({ 'content-type': 'application/json' });
    return send(path, { method: 'PUT', body: JSON.stringify(body), headers });
  }

  async post(path: string, body: BodyInit | null, headers: Headers = {}): Promise<Response> {
    const type = { 'content-type': 'application/json' };
    return send(path, {
      method: 'POST',
      body,
      headers: await this.headers({ ...type, ...headers }),
    });
  }

  /** One POST /sync of just this body; the device's cursor neither goes in nor moves. */
  async sync(payload: Payload): Promise<Answer> {
    return ok<Answer>(await this.post('/sync', JSON.stringify(payload)));
  }

  /** Sends changes from where the device stands, and keeps its cursor. */
  async push(payload: Payload): Promise<Answer> {
    const answer = await this.sync({ cursor: this.cursor, ...payload });
    this.cursor = answer.cursor;
    return answer;
  }

  /** Pages until there is no more; all that came, and how many pages it took. */
  async pull(limit?: number): Promise<Answer & { pages: number }> {
    let all: (Answer & { pages: number }) | undefined;
    do {
      const page = await this.push(limit === undefined ? {} : { limit });
      all = all === undefined ? { ...page, pages: 1 } : join(all, page);
    } while (all.has_more);
    return all;
  }
}

function join(all: Answer & { pages: number }, page: Answer): Answer & { pages: number } {
  return {
    ...all,
    ...page,
    pages: all.pages + 1,
    plans: [...all.plans, ...page.plans],
    sessions: [...all.sessions, ...page.sessions],
    cards: [...all.cards, ...page.cards],
    deleted_ids: [...all.deleted_ids, ...page.deleted_ids],
  };
}

/** The answer's JSON, or an error that says what was answered instead. */
export async function ok<T>(response: Response): Promise<T> {
  const text = await response.text();
  if (response.status !== 200) throw new Error(`${response.status}: ${text.slice(0, 400)}`);
  return JSON.parse(text) as T;
}

/** Two devices of one new user. */
export function twoDevices(): [Device, Device] {
  const user = newUser();
  return [new Device(user, 'laptop'), new Device(user, 'phone')];
}

export function plan(id: string, updated_at: number, data: Record<string, unknown> = {}): Delta {
  return {
    action: 'create',
    id,
    data: { title: `Plan ${id}`, status: 'active', ...data },
    updated_at,
  };
}

export function session(
  id: string,
  plan_id: string,
  updated_at: number,
  data: Record<string, unknown> = {},
): Delta {
  return { action: 'create', id, data: { plan_id, start_time: updated_at, ...data }, updated_at };
}

export function card(
  id: string,
  plan_id: string,
  updated_at: number,
  data: Record<string, unknown> = {},
): Delta {
  const asked = { question: `What is ${id}?`, answer: id, next_review: updated_at };
  return { action: 'create', id, data: { plan_id, ...asked, ...data }, updated_at };
}

export function deletion(id: string, updated_at: number): Delta {
  return { action: 'delete', id, updated_at };
}

/** The object that owns a user's space. */
export function spaceOf(user: string) {
  return env.SPACE.get(env.SPACE.idFromName(user));
}

export function idsOf(deltas: Delta[]): string[] {
  return deltas.map(({ id }) => id);
}
