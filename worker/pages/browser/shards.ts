// The script of the page at /admin/shards: asks for the health, the distribution, the figures and
// the moves, and fills the page. What one of them does not answer is said in its place.

import { byId, make, refill, tell } from './admin/dom.ts';
import { sizeOf } from './admin/snapshots.ts';
import {
  ask,
  askHealth,
  askMoves,
  askPlan,
  type Dashboard,
  Failed,
  type Metrics,
  type Move,
} from './shards/api.ts';
import { counted, distributionOf, figuresOf, isOver, moveOf, summaryOf } from './shards/words.ts';
import { shownTime } from './times.ts';

const FOLLOW_MS = 5_000;

const said = (error: unknown) => (error instanceof Error ? error.message : String(error));

/** A bar for the eye alone: the text beside it says the same. */
function bar(share: number): HTMLElement {
  const made = make('progress');
  made.max = 100;
  made.value = share;
  made.setAttribute('aria-hidden', 'true');
  return made;
}

function barsOf(dashboard: Dashboard | null, metrics: Metrics | null): Node[] {
  const details = dashboard?.shardDetails ?? [];
  const bound = metrics?.shards ?? [];
  const names = [...bound, ...details].map(({ binding }) => binding);
  return [...new Set(names)].map((name) => {
    const keys = details.find(({ binding }) => binding === name);
    const shard = bound.find(({ binding }) => binding === name);
    const parts = [
      keys && `${counted(keys.count, 'key')}, ${keys.loadPercentage} %`,
      keys?.isStale && 'counted more than 5 minutes ago',
      shard?.bytes && sizeOf(shard.bytes),
    ].filter(Boolean);
    const item = make(
      'li',
      {},
      make('p', {}, make('strong', {}, name)),
      make('p', { class: 'figure' }, parts.join(' · ') || 'not registered'),
    );
    if (keys !== undefined) item.append(bar(keys.loadPercentage));
    if (shard !== undefined) {
      item.append(make('p', { class: shard.ok ? 'small' : 'small bad' }, figuresOf(shard)));
    }
    return item;
  });
}

function moveItem(move: Move): HTMLElement {
  const item = make(
    'li',
    {},
    make('p', { class: 'wrap' }, make('strong', {}, `${move.from} → ${move.to}`)),
    make('p', { class: move.error ? 'small bad wrap' : 'small wrap' }, moveOf(move)),
  );
  if (move.slots > 0 && move.moved !== undefined && !isOver(move)) {
    item.append(bar((move.moved / move.slots) * 100));
  }
  return item;
}

/** What is to be said in the place of moves. */
function withoutMoves(error: unknown): string {
  if (error instanceof Failed && error.status === 404) {
    return 'This coordinator has no table of slots: nothing can be moved.';
  }
  return said(error);
}

let timer: ReturnType<typeof setTimeout> | undefined;

/** As long as something is under way it is looked at again. */
async function showMoves(): Promise<void> {
  clearTimeout(timer);
  let moves: Move[] = [];
  let note = 'Nothing moves, and nothing has.';
  try {
    moves = (await askMoves()).moves.toReversed();
  } catch (error) {
    note = withoutMoves(error);
  }
  refill(byId('moves'), moves.map(moveItem));
  tell(byId('moves-note'), moves.length === 0 ? note : '');
  if (moves.every(isOver)) return;
  const again = () => void (document.hidden ? follow() : showMoves());
  const follow = () => {
    timer = setTimeout(again, FOLLOW_MS);
  };
  follow();
}

async function showPlan(): Promise<void> {
  let moves: Move[] = [];
  let note = 'There is nothing to move: the shards are even.';
  try {
    moves = (await askPlan()).moves;
    if (moves.length > 0) note = `${counted(moves.length, 'move')}; nothing was moved.`;
  } catch (error) {
    note = withoutMoves(error);
  }
  refill(byId('plan-list'), moves.map(moveItem));
  tell(byId('plan-note'), note);
}

function showParts({ since, kv, coordinator }: Metrics): void {
  const parts = [
    ['KV', kv],
    ['Coordinator', coordinator],
  ] as const;
  tell(byId('since'), since === null ? '' : `As one isolate counted since ${shownTime(since)}.`);
  refill(
    byId('parts'),
    parts.flatMap(([name, figures]) => [
      make('dt', {}, name),
      make('dd', { class: figures.ok ? '' : 'bad' }, figuresOf(figures)),
    ]),
  );
}

function showWarnings(metrics: Metrics | null): void {
  const warnings = metrics?.distribution?.warnings ?? [];
  const items = warnings.map(({ message, shards }) =>
    make('li', {}, `${message} ${shards.map(({ binding }) => binding).join(', ')}`),
  );
  refill(byId('warnings'), items);
  byId('warnings').hidden = items.length === 0;
}

async function load(): Promise<void> {
  tell(byId('problem'), '');
  const problems: string[] = [];
  const orNull = <T>(asked: Promise<T>): Promise<T | null> =>
    asked.catch((error: unknown) => {
      problems.push(said(error));
      return null;
    });
  const [health, dashboard] = await Promise.all([
    orNull(askHealth()),
    orNull(ask<Dashboard>('/monitor')),
    showMoves(),
  ]);
  // After the health: its probes are these figures, too.
  const metrics = await orNull(ask<Metrics>('/admin/metrics'));
  tell(byId('summary'), health === null ? 'The health is not known.' : summaryOf(health));
  const spread = dashboard && distributionOf(dashboard);
  tell(byId('distribution'), spread ?? 'How keys are spread is not known.');
  refill(byId('bars'), barsOf(dashboard, metrics));
  showWarnings(metrics);
  if (metrics !== null) showParts(metrics);
  tell(byId('problem'), [...new Set(problems)].join(' '));
}

/** One press at a time. */
function whilePressed(id: string, work: () => Promise<void>): () => void {
  const pressed = byId<HTMLButtonElement>(id);
  return () => {
    if (pressed.getAttribute('aria-busy') === 'true') return;
    pressed.setAttribute('aria-busy', 'true');
    work()
      .catch((error: unknown) => tell(byId('problem'), said(error)))
      .finally(() => pressed.removeAttribute('aria-busy'));
  };
}

byId('refresh').addEventListener('click', whilePressed('refresh', load));
byId('plan').addEventListener('click', whilePressed('plan', showPlan));
whilePressed('refresh', load)();
