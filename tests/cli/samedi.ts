// Runs the built command line in a home directory of its own, and a server that answers as told.

import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const binary = process.env.SAMEDI_BINARY ?? 'build/native/cli/samedi';

export interface Ran {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface RunOptions {
  input?: string;
  env?: Record<string, string>;
  /** What a shell does before it becomes the program, as `ulimit -f 100`. */
  before?: string;
}

export class Home {
  readonly path = mkdtempSync(join(tmpdir(), 'samedi-'));

  /** Starts it; `done` settles when it has ended. */
  start(args: string[], { input = '', env = {}, before }: RunOptions = {}) {
    const command = before ? ['bash', '-c', `${before}; exec "$0" "$@"`, binary] : [binary];
    const child = spawn(command[0] ?? '', [...command.slice(1), ...args], {
      env: { PATH: process.env.PATH ?? '', SAMEDI_HOME: this.path, TZ: 'UTC', ...env },
    });
    const ran: Ran = { code: null, stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      ran.stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      ran.stderr += text;
    });
    child.stdin.on('error', () => {}); // It may end before it has read all.
    child.stdin.end(input);
    const done = new Promise<Ran>((resolve) => {
      child.on('close', (code) => resolve({ ...ran, code }));
    });
    return { child, done, ran };
  }

  run(...args: string[]): Promise<Ran> {
    return this.start(args).done;
  }

  /** The value that `--json` prints; it fails where that is not one value and nothing else. */
  async json(...args: string[]) {
    const { stdout } = await this.run(...args, '--json');
    return JSON.parse(stdout);
  }

  file(name: string): string {
    return join(this.path, name);
  }
  read(name: string): string {
    return readFileSync(this.file(name), 'utf8');
  }
  write(name: string, text: string): string {
    writeFileSync(this.file(name), text);
    return this.file(name);
  }
  mode(name: string): number {
    return statSync(this.file(name)).mode & 0o777;
  }

  signIn(url: string, user = 'u1') {
    const jwt = fakeJwt({ user_id: user, email: `${user}@example.com` });
    this.write('auth.json', JSON.stringify({ jwt, email: `${user}@example.com` }));
    this.write('config.json', JSON.stringify({ 'api.url': url }));
  }

  remove() {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** A token as the command line reads one: it cannot check the signature, and does not. */
export function fakeJwt(claims: object): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'HS256' })}.${part(claims)}.c2lnbmF0dXJl`;
}

export interface Asked {
  method: string;
  path: string;
  headers: IncomingMessage['headers'];
  body: string;
}
export type Handler = (asked: Asked, response: ServerResponse) => void;

export class Server {
  readonly asked: Asked[] = [];
  handler: Handler = answerEmpty;
  url = '';
  readonly #server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => {
      body += text;
    });
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      const asked = { method, path: url, headers, body };
      this.asked.push(asked);
      this.handler(asked, response);
    });
  });

  async listen() {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    this.url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }
  async close() {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

export function send(response: ServerResponse, status: number, value: unknown, headers = {}) {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(typeof value === 'string' ? value : JSON.stringify(value));
}

/** The answer of a server that has nothing new and takes everything. */
export const emptyAnswer = (cursor: string) => ({
  plans: [],
  sessions: [],
  cards: [],
  deleted_ids: [],
  cursor,
  has_more: false,
  rejected: [],
  conflicts: [],
  server_time: Date.now(),
});
export const answerEmpty: Handler = (_, response) => send(response, 200, emptyAnswer('e.1'));

export const planRow = (id: string, title: string, seq: number) => ({
  action: 'create',
  id,
  data: { title, status: 'active' },
  updated_at: 1_795_000_000_000,
  counter: 0,
  device: 'laptop',
  seq,
});
