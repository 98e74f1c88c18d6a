// Where the log of a tenant is.

import type { Remote } from '../config.ts';

/**
 * A Tidemark server has it at /eventlog/TENANT; an address with another path is taken as it is, and
 * the tenant goes along as a parameter. Other servers get their address untouched.
 */
export function addressOf(
  { url, provider, tenant, mode, auth: { key } }: Remote,
  ticket: string | null,
): string {
  const address = new URL(url);
  address.protocol = /^(https|wss):$/.test(address.protocol) ? 'wss:' : 'ws:';
  address.hash = '';
  if (provider === 'cloudflare') {
    const path = address.pathname.replace(/\/+$/, '');
    if (path === '' || path === '/eventlog') {
      address.pathname = tenant === undefined ? '/eventlog' : `/eventlog/${tenant}`;
    } else if (tenant !== undefined && path !== `/eventlog/${tenant}`) {
      address.searchParams.set('tenant', tenant);
    }
    if (mode === 'view') address.searchParams.set('mode', 'view');
  }
  if (key !== undefined) address.searchParams.set('key', key);
  if (ticket !== null) address.searchParams.set('ticket', ticket);
  return address.href;
}
