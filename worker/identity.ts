// Who calls: the claims of a verified token, and nothing from a header or a body beside it.
//
// Tokens are JWTs signed by HS256 and nothing else (RFC 7519, RFC 8725). `kid` names the secret by
// the first 8 hexadecimal digits of its SHA-256.

import { errors, jwtVerify } from 'jose';
import type { Env } from './env.ts';
import type { IdentityFrame } from './frames.ts';

export const ISSUER = 'tidemark';

export class Refused extends Error {
  readonly status: number;
  readonly code: string;
  readonly help: string;

  constructor(status: number, code: string, message: string, help: string) {
    super(message);
    this.status = status;
    this.code = code;
    this.help = help;
  }
}

/** The caller of a request. Throws Refused: `unauthorized`, `invalid_token`, `not_configured`. */
export async function identify(request: Request, env: Env): Promise<IdentityFrame> {
  return identifyBy(bearerOf(request), env);
}

/** The caller of a WebSocket's upgrade, where a browser can send a token as a protocol only. */
export async function identifyUpgrade(request: Request, env: Env): Promise<IdentityFrame> {
  const offered = (request.headers.get('sec-websocket-protocol') ?? '').split(',');
  const protocol = offered.map((name) => name.trim()).find((name) => name.startsWith('bearer.'));
  return identifyBy(protocol?.slice('bearer.'.length) ?? bearerOf(request), env);
}

function bearerOf(request: Request): string | undefined {
  const header = request.headers.get('authorization') ?? '';
  return /^Bearer /i.test(header) ? header.slice('Bearer '.length).trim() : undefined;
}

async function identifyBy(token: string | undefined, env: Env): Promise<IdentityFrame> {
  if (token === undefined) {
    throw new Refused(401, 'unauthorized', 'Unauthorized', 'Send Authorization: Bearer <token>');
  }
  if (!env.JWT_SECRET) {
    throw new Refused(503, 'not_configured', 'No signing secret is set', 'Set JWT_SECRET');
  }
  try {
    return await verify(token, env.JWT_SECRET);
  } catch (error) {
    const expired = error instanceof errors.JWTExpired;
    const help = expired ? 'The token has expired: sign in again' : 'Sign in for a new token';
    throw new Refused(401, 'invalid_token', 'Invalid token', help);
  }
}

async function verify(token: string, secret: string): Promise<IdentityFrame> {
  const key = await signingKey(secret);
  const { payload, protectedHeader } = await jwtVerify(token, key.secret, {
    algorithms: ['HS256'],
    issuer: ISSUER,
    audience: ISSUER,
    requiredClaims: ['exp', 'iat', 'jti', 'user_id'],
  });
  if (protectedHeader.kid !== key.kid) throw new Error('signed by another key');
  const { user_id: userId, sub, role, org, tenant, email, version, exp } = payload;
  if (typeof userId !== 'string' || sub !== userId) throw new Error('user_id and sub differ');
  const text = (claim: unknown) => (typeof claim === 'string' ? claim : null);
  const issue = typeof version === 'number' && Number.isSafeInteger(version) ? version : 0;
  const expiresMs = Number(exp) * 1000;
  return [userId, text(role) ?? 'none', text(org), text(tenant), text(email), issue, expiresMs];
}

interface SigningKey {
  kid: string;
  secret: Uint8Array;
}
const keys = new Map<string, Promise<SigningKey>>();

async function deriveKey(secret: string): Promise<SigningKey> {
  const bytes = new TextEncoder().encode(secret);
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  const kid = [...digest.subarray(0, 4)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return { kid, secret: bytes };
}

function signingKey(secret: string): Promise<SigningKey> {
  let key = keys.get(secret);
  if (!key) {
    key = deriveKey(secret);
    keys.set(secret, key);
  }
  return key;
}
