// The page's sentences: pure, from what was answered.

import { shownTime } from '../times.ts';
import type { Dashboard, Figures, Health, Move } from './api.ts';

const numbers = new Intl.NumberFormat('en');

export const counted = (count: number, one: string, many = `${one}s`): string =>
  `${numbers.format(count)} ${count === 1 ? one : many}`;

export function summaryOf({ overall, checks }: Health): string {
  const bad = Object.entries(checks ?? {}).filter(([, health]) => health !== 'healthy');
  if (overall === 'healthy' && bad.length === 0) return 'Everything answers.';
  const parts = bad.map(([name, health]) => `${name} is ${health}`).join(', ');
  return `The whole is ${overall}${parts === '' ? '' : `: ${parts}`}.`;
}

export function distributionOf(dashboard: Dashboard): string {
  const { totalKeys, totalShards, distributionRatio, isBalanced } = dashboard;
  if (totalShards === 0) {
    return 'No shard is registered with the coordinator: keys are not counted.';
  }
  const held = `${counted(totalKeys, 'key')} on ${counted(totalShards, 'shard')}`;
  if (totalKeys === 0) return `${held}.`;
  const spread = `the largest has ${numbers.format(distributionRatio)} times the smallest`;
  return `${held}; ${spread}: ${isBalanced ? 'balanced' : 'not balanced'}.`;
}

export function figuresOf({ ok, asked, failed, meanMs, maxMs }: Figures): string {
  const state = ok ? 'answers' : 'does not answer';
  if (asked === 0) return state;
  const times = `${numbers.format(meanMs)} ms on average, ${numbers.format(maxMs)} at most`;
  return `${state}; ${counted(asked, 'request')}, ${numbers.format(failed)} failed, ${times}`;
}

const STATES: Record<string, string> = {
  queued: 'waits',
  copying: 'copying',
  catching_up: 'catching up',
  fenced: 'switching: writes wait',
  switched: 'cleaning up',
  cleaned: 'done',
  done: 'done',
  failed: 'failed',
};

export const isOver = ({ state }: Move): boolean =>
  state === 'cleaned' || state === 'done' || state === 'failed';

export function moveOf(move: Move): string {
  const { slots, moved, key, gathers, state, copied, stayed, updatedAt, error } = move;
  const parts = [key === undefined ? counted(slots, 'slot') : `the key ${key}`];
  if (gathers) parts.push('gathers rows that lay elsewhere');
  if (state !== undefined) parts.push(STATES[state] ?? state);
  if (moved && !isOver(move)) parts.push(`${numbers.format(moved)} moved`);
  if (copied !== undefined) parts.push(`${counted(copied, 'row')} copied`);
  if (stayed) parts.push(`${counted(stayed, 'row')} without a key left behind`);
  if (updatedAt !== undefined) parts.push(shownTime(updatedAt));
  if (error) parts.push(error);
  return parts.join(' · ');
}
