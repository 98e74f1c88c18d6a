// The script of the page at /: the user's records in this browser, shown as they change. It reads
// only; text goes into the page as text, never as HTML.

import { indexedDbStore, SyncClient, type SyncRecord } from '../../../client/browser.ts';
import { inMs, shownTime } from './times.ts';

interface Plan {
  title: string;
  status: string;
}

interface Session {
  plan_id: string;
  chunk_id?: string | null;
  start_time: number;
  end_time?: number | null;
  duration_minutes?: number | null;
}

interface Samedi {
  plans: Plan;
  sessions: Session;
  cards: object;
}

const SESSIONS_SHOWN = 20;
const MINUTE_MS = 60_000;

const PHASES: Record<string, string> = {
  offline: 'Offline: these are the records of this browser',
  connecting: 'Connecting…',
  syncing: 'Syncing…',
  live: 'Live',
  idle: 'Up to date',
  signed_out: 'Signed out: sign in again to see what is new',
  stopped: 'Stopped',
};

function byId(id: string): HTMLElement {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`the page has no ${id}`);
  return element;
}

function element(name: string, className: string, text: string): HTMLElement {
  const made = document.createElement(name);
  made.className = className;
  made.textContent = text;
  return made;
}

function minutesOf({ data }: SyncRecord<Session>): number {
  if (typeof data.duration_minutes === 'number') return data.duration_minutes;
  if (typeof data.end_time !== 'number') return 0;
  return Math.round((inMs(data.end_time) - inMs(data.start_time)) / MINUTE_MS);
}

function duration(minutes: number): string {
  return minutes < 60 ? `${minutes} min` : `${(minutes / 60).toFixed(1)} h`;
}

function fill(list: HTMLElement, rows: HTMLElement[], none: string): void {
  list.replaceChildren(...(rows.length > 0 ? rows : [element('li', 'small', none)]));
}

function row(title: string, detail: string, aside: string): HTMLElement {
  const item = document.createElement('li');
  const text = document.createElement('div');
  text.append(element('strong', 'wrap', title), element('div', 'small', detail));
  item.append(text, element('span', 'aside', aside));
  return item;
}

const ownerOf = ({ owner, permission }: { owner: string; permission: string | null }) =>
  owner === '' ? '' : ` · shared with you to ${permission === 'edit' ? 'edit' : 'read'}`;

function show(client: SyncClient<Samedi>): void {
  const plans = client.collection('plans').list();
  const sessions = client.collection('sessions').list();
  const keyOf = (owner: string, id: string) => `${owner} ${id}`;
  const titles = new Map(plans.map(({ owner, id, data }) => [keyOf(owner, id), data.title]));
  const minutes = new Map<string, number>();
  for (const session of sessions) {
    const key = keyOf(session.owner, session.data.plan_id);
    minutes.set(key, (minutes.get(key) ?? 0) + minutesOf(session));
  }
  const titleOf = ({ owner, data }: SyncRecord<Session>) =>
    titles.get(keyOf(owner, data.plan_id)) ?? data.plan_id;
  const nameOf = (session: SyncRecord<Session>) =>
    [titleOf(session), session.data.chunk_id].filter(Boolean).join(' · ');

  fill(
    byId('plans'),
    plans.map((plan) =>
      row(
        plan.data.title,
        `${plan.data.status}${ownerOf(plan)}`,
        duration(minutes.get(keyOf(plan.owner, plan.id)) ?? 0),
      ),
    ),
    'No plans yet. In a terminal: samedi plan add "French B1"',
  );
  const latest = sessions.sort((a, b) => inMs(b.data.start_time) - inMs(a.data.start_time));
  const isRunning = ({ data }: SyncRecord<Session>) => typeof data.end_time !== 'number';
  fill(
    byId('sessions'),
    latest
      .slice(0, SESSIONS_SHOWN)
      .map((session) =>
        row(
          nameOf(session),
          shownTime(session.data.start_time),
          isRunning(session) ? 'running' : duration(minutesOf(session)),
        ),
      ),
    'No sessions yet. In a terminal: samedi start PLAN CHUNK',
  );
  const running = latest.find((session) => isRunning(session) && session.owner === '');
  byId('running').hidden = running === undefined;
  if (running) {
    const since = shownTime(running.data.start_time);
    byId('running-text').textContent = `${nameOf(running)}, since ${since}`;
  }
}

async function followStatus(client: SyncClient<Samedi>): Promise<void> {
  for await (const { phase, lastError } of client.status()) {
    const status = byId('status');
    status.dataset.phase = phase;
    const problem = phase === 'live' || lastError === null ? '' : ` (${lastError.message})`;
    status.textContent = `${PHASES[phase] ?? phase}${problem}`;
  }
}

async function start(): Promise<void> {
  const user = byId('records').dataset.user ?? '';
  const client = await SyncClient.open<Samedi>({
    url: '',
    collections: [
      'plans',
      { name: 'sessions', parent: { column: 'plan_id', collection: 'plans' } },
      { name: 'cards', parent: { column: 'plan_id', collection: 'plans' } },
    ],
    store: indexedDbStore(`samedi-${user}`),
  });
  void followStatus(client);
  const render = () => show(client);
  client.collection('plans').subscribe(render);
  client.collection('sessions').subscribe(render);
  render();
}

start().catch((error: unknown) => {
  const status = byId('status');
  status.classList.add('bad');
  const message = error instanceof Error ? error.message : String(error);
  status.textContent = `This browser cannot keep records: ${message}`;
});
