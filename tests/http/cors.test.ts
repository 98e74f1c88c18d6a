// Pages of other origins: the ones that are named may call, with a token and without cookies.

import { env } from 'cloudflare:workers';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Device, newUser, send } from '../clients.ts';

const APP = 'https://app.example.com';

function allow(origins: string): void {
  env.CORS_ORIGINS = origins;
  onTestFinished(() => {
    delete env.CORS_ORIGINS;
  });
}

const preflight = (origin: string) =>
  send('/sync', {
    method: 'OPTIONS',
    headers: {
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization,content-type,x-device-id',
    },
  });

describe('a page of an origin that is named', () => {
  it('may ask, with a token and a device', async () => {
    allow(`https://other.example.com, ${APP}`);
    const answer = await preflight(APP);
    expect(answer.status).toBe(204);
    expect(answer.headers.get('access-control-allow-origin')).toBe(APP);
    expect(answer.headers.get('access-control-allow-headers')).toContain('x-device-id');
    expect(answer.headers.get('access-control-allow-headers')).toContain('x-allow-empty-write');
    expect(answer.headers.get('access-control-allow-credentials')).toBeNull();
  });

  it('may read the answer, a refusal too', async () => {
    allow(APP);
    const headers = await new Device(newUser()).headers({ origin: APP });
    for (const response of [
      await send('/plans', { headers }),
      await send('/plans', { headers: { origin: APP } }),
    ]) {
      expect(response.headers.get('access-control-allow-origin')).toBe(APP);
      expect(response.headers.get('vary')).toContain('Origin');
    }
  });
});

describe.each(['', 'https://app.example.com.evil.test', '*'])('with CORS_ORIGINS %j', (origins) => {
  it('a page of another origin may not', async () => {
    allow(origins);
    expect((await preflight(APP)).headers.get('access-control-allow-origin')).toBeNull();
    const answer = await send('/health', { headers: { origin: APP } });
    expect(answer.headers.get('access-control-allow-origin')).toBeNull();
  });
});
