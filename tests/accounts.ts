// Signing in, as tests play it: a person at a browser, and a program, on a Worker that keeps its
// mails.

import { env, exports } from 'cloudflare:workers';
import { decodeJwt, type JWTPayload } from 'jose';
import { expect, onTestFinished } from 'vitest';
import type { Env } from '../worker/env.ts';
import type { KeptMail } from '../worker/mail/local.ts';

export const HERE = 'http://127.0.0.1:8787';

/** What a browser says of itself when a person opens a page. */
export const BROWSER = {
  accept: 'text/html,application/xhtml+xml,*/*;q=0.8',
  'user-agent': 'Mozilla/5.0 (X11; Linux x86_64) Chrome/156.0.0.0',
};

const FORM = 'application/x-www-form-urlencoded';

/** Variables for the test that runs; undefined takes one away. */
export function setVars(vars: { [name in keyof Env]?: Env[name] | undefined }): void {
  const own = env as unknown as Record<string, unknown>;
  const before = Object.fromEntries(Object.keys(vars).map((name) => [name, own[name]]));
  Object.assign(own, vars);
  onTestFinished(() => {
    Object.assign(own, before);
  });
}

/** A request to the machine's own address; redirections are answers. */
export function ask(path: string, init: RequestInit = {}): Promise<Response> {
  return exports.default.fetch(`${HERE}${path}`, { redirect: 'manual', ...init });
}

export function postJson(path: string, body: unknown, headers = {}): Promise<Response> {
  return ask(path, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json', ...headers },
  });
}

/** A form of a page of this Worker. */
export function postForm(path: string, fields: Record<string, string>, headers = {}) {
  return ask(path, {
    method: 'POST',
    body: new URLSearchParams(fields).toString(),
    headers: { ...BROWSER, 'content-type': FORM, origin: HERE, ...headers },
  });
}

let people = 0;

/** An address that nobody else has. */
export function newEmail(): string {
  people += 1;
  return `person-${people}-${crypto.randomUUID().slice(0, 8)}@example.com`;
}

let callers = 0;

/** Asks for a link, from an address of the network that nobody else has. */
export function requestLink(email: string, headers = {}): Promise<Response> {
  callers += 1;
  const ip = `2001:db8:${callers.toString(16)}::1`;
  return postJson('/auth/magic-link', { email }, { 'cf-connecting-ip': ip, ...headers });
}

export async function mails(): Promise<KeptMail[]> {
  const response = await ask('/dev/mail');
  expect(response.status).toBe(200);
  return await response.json();
}

export async function mailsTo(email: string): Promise<KeptMail[]> {
  return (await mails()).filter(({ to }) => to === email);
}

/** The secret of the last link that went to an address. */
export async function linkTo(email: string): Promise<string> {
  const [mail] = await mailsTo(email);
  return new URL(/http\S+/.exec(mail?.text ?? '')?.[0] ?? '').searchParams.get('token') as string;
}

/** A link for an address, just asked for. */
export async function newLink(email: string): Promise<string> {
  expect((await requestLink(email)).status).toBe(202);
  return await linkTo(email);
}

export interface Account {
  email: string;
  jwt: string;
  claims: JWTPayload & { user_id: string };
  bearer: { authorization: string };
  cookie: { cookie: string };
}

/** A person who has signed in by a program, as a new one where no address is given. */
export async function signIn(email = newEmail()): Promise<Account> {
  const response = await ask(`/auth/verify?token=${await newLink(email)}`);
  expect(response.status).toBe(200);
  const { jwt } = await response.json<{ jwt: string }>();
  return {
    email,
    jwt,
    claims: decodeJwt(jwt),
    bearer: { authorization: `Bearer ${jwt}` },
    cookie: { cookie: `__Host-session=${jwt}` },
  };
}

/** That a request was refused, and how. */
export async function expectProblem(response: Response, status: number, error: string) {
  const body = await response.json<{ error: string; message: string }>();
  expect([response.status, body.error]).toEqual([status, error]);
  return body;
}
