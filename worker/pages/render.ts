// Pages as responses: each with the headers that keep other people's content out of it. There is no
// script and no style but from /assets, and nothing may frame a page.

import type { Context } from 'hono';
import type { JSX } from 'hono/jsx/jsx-runtime';
import { type App, Stopped } from '../app.ts';
import { Refused } from '../refused.ts';
import { ProblemPage } from './problem.tsx';

const POLICY = [
  "default-src 'none'",
  "style-src 'self'",
  "script-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
].join('; ');

interface Options {
  status?: number;
  /** `no-referrer` where the address itself is secret. */
  referrer?: 'same-origin' | 'no-referrer';
}

export async function renderPage(
  c: Context<App>,
  page: JSX.Element | Promise<JSX.Element>,
  { status = 200, referrer = 'same-origin' }: Options = {},
): Promise<Response> {
  const text = `<!doctype html>${await (await page).toString()}`;
  c.header('cache-control', 'no-store');
  c.header('content-security-policy', POLICY);
  c.header('referrer-policy', referrer);
  c.header('x-content-type-options', 'nosniff');
  return c.html(text, status as 200);
}

/** A problem as a page, for whoever asked for one. Any other error is thrown on. */
export async function problemPage(
  c: Context<App>,
  error: unknown,
  options: Pick<Options, 'referrer'> = {},
): Promise<Response> {
  if (error instanceof Refused) {
    c.get('log').error = error.code;
    return renderPage(c, ProblemPage({ message: error.message }), {
      ...options,
      status: error.status,
    });
  }
  if (!(error instanceof Stopped)) throw error;
  const { status, headers, body } = error.answer;
  const told = (await new Response(body).json()) as { error: string; message: string };
  c.get('log').error = told.error;
  for (const [name, value] of headers) if (name === 'retry-after') c.header(name, value);
  return renderPage(c, ProblemPage({ message: told.message }), { ...options, status });
}
