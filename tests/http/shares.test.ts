// Sharing through the real Worker: two people, their spaces, and what goes from one to the other.

import { describe, expect, it, vi } from 'vitest';
import { card, deletion, idsOf, ok, plan } from '../clients.ts';
import { Live } from '../live/sockets.ts';
import { newPerson, type Person } from '../people.ts';

const T0 = 1_750_000_000_000;

interface Share {
  plan_id: string;
  email: string;
  user_id: string;
  permission: string;
  created_at: number;
}

interface Received {
  owner: string;
  owner_email: string;
  plan_id: string;
  permission: string;
  created_at: number;
}

const share = (from: Person, planId: string, to: Person, permission: string) =>
  from.device.put('/shares', { plan_id: planId, email: to.email, permission });

const takeBack = (from: Person, planId: string, to: Person) =>
  from.device.ask('DELETE', `/shares?plan_id=${planId}&email=${encodeURIComponent(to.email)}`);

const shares = async (person: Person) =>
  ok<{ given: Share[]; received: Received[] }>(await person.device.get('/shares'));

/** Pulls until what is wanted came; everything that did. */
async function pullUntil(person: Person, wanted: (answer: Pulled) => boolean): Promise<Pulled> {
  const all: Pulled = { plans: [], cards: [] };
  await vi.waitFor(
    async () => {
      const { plans, cards } = await person.device.pull();
      all.plans.push(...plans);
      all.cards.push(...cards);
      if (!wanted(all)) throw new Error(`only ${JSON.stringify(all)}`);
    },
    { timeout: 5_000, interval: 20 },
  );
  return all;
}
type Pulled = Pick<Awaited<ReturnType<Person['device']['pull']>>, 'plans' | 'cards'>;

/** Ann shares `plan` with Bob, and its card has come to him. */
async function annAndBob(permission: string): Promise<[Person, Person]> {
  const [ann, bob] = [await newPerson('ann'), await newPerson('bob')];
  await ann.device.push({ plans: [plan('plan', T0)], cards: [card('card', 'plan', T0)] });
  await ann.device.push({ plans: [plan('other', T0)], cards: [card('hidden', 'other', T0)] });
  await ok(await share(ann, 'plan', bob, permission));
  await pullUntil(bob, ({ plans, cards }) => plans.length + cards.length === 2);
  return [ann, bob];
}

describe('a share', () => {
  it('is told to both, by who they are', async () => {
    const [ann, bob] = [await newPerson('ann'), await newPerson('bob')];
    await ann.device.push({ plans: [plan('plan', T0)] });
    const made = await ok<Share>(await share(ann, 'plan', bob, 'read'));
    expect(made).toMatchObject({ plan_id: 'plan', email: bob.email, user_id: bob.id });
    expect(await shares(ann)).toEqual({ given: [made], received: [] });
    await vi.waitFor(async () => {
      const { received } = await shares(bob);
      const from = { owner: ann.id, owner_email: ann.email };
      const { created_at } = made;
      expect(received).toEqual([{ ...from, plan_id: 'plan', permission: 'read', created_at }]);
    });
  });

  it.each([
    ['a plan that is not there', { plan_id: 'none' }, 404, 'not_found'],
    ['a permission that is none', { permission: 'own' }, 400, 'invalid_share'],
    ['an address that is none', { email: 'nobody' }, 400, 'invalid_email'],
    ['nothing', { plan_id: undefined }, 400, 'invalid_share'],
  ])('of %s is refused', async (_, bent, status, error) => {
    const ann = await newPerson('ann');
    await ann.device.push({ plans: [plan('plan', T0)] });
    const asked = { plan_id: 'plan', email: 'bob@example.com', permission: 'read', ...bent };
    const response = await ann.device.put('/shares', asked);
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ error });
  });

  it('with oneself, or taken back where there is none, is refused', async () => {
    const ann = await newPerson('ann');
    await ann.device.push({ plans: [plan('plan', T0)] });
    const own = await share(ann, 'plan', ann, 'read');
    expect([own.status, await own.json()]).toMatchObject([400, { error: 'invalid_share' }]);
    const none = await takeBack(ann, 'plan', await newPerson('bob'));
    expect([none.status, await none.json()]).toMatchObject([404, { error: 'not_found' }]);
  });
});

describe('who it is shared with', () => {
  it('to read: sees it, and may not change it', async () => {
    const [ann, bob] = await annAndBob('read');
    const query = `owner=${ann.id}&plan=plan`;
    expect(idsOf(await bob.device.list(`/cards?${query}`))).toEqual(['card']);
    expect(idsOf(await bob.device.list(`/plans?${query}`))).toEqual(['plan']);
    const edit = { ...card('card', 'plan', T0 + 1, { answer: 'mine' }), owner: ann.id };
    const { rejected } = await bob.device.push({ cards: [edit] });
    expect(rejected).toMatchObject([{ collection: 'cards', id: 'card', code: 'forbidden' }]);
    expect(await ann.device.list('/cards?plan=plan')).toMatchObject([{ answer: 'card' }]);
  });

  it('to edit: changes it, and the history names the editor', async () => {
    const [ann, bob] = await annAndBob('edit');
    const edit = { ...card('card', 'plan', T0 + 1, { answer: 'by Bob' }), owner: ann.id };
    const { rejected } = await bob.device.push({ cards: [edit] });
    expect(rejected).toEqual([]);
    const back = await pullUntil(bob, ({ cards }) => cards.length > 0);
    const device = `${bob.id}/bob-laptop`;
    expect(back.cards[0]).toMatchObject({ owner: ann.id, permission: 'edit', device });
    const told = await ann.device.pull();
    expect(told.cards).toMatchObject([{ id: 'card', data: { answer: 'by Bob' }, device }]);
    await ann.device.push({ cards: [card('card', 'plan', T0 + 2, { answer: 'by Ann' })] });
    const history = await ann.device.list<{ editor?: string; data: unknown }>('/history');
    expect(history[0]).toMatchObject({ editor: bob.email, data: { answer: 'by Bob' } });
    expect(history[1]?.editor).toBeUndefined();
  });

  it('not at all: nothing is there', async () => {
    const [ann, bob] = await annAndBob('edit');
    const eve = await newPerson('eve');
    const asked: [Person, string][] = [
      [eve, 'plan'],
      [bob, 'other'],
    ];
    for (const [who, planId] of asked) {
      for (const list of ['plans', 'sessions', 'cards']) {
        const response = await who.device.get(`/${list}?owner=${ann.id}&plan=${planId}`);
        expect([list, response.status]).toEqual([list, 404]);
        expect(await response.json()).toMatchObject({ error: 'not_found' });
      }
      const edit = { ...card('x', planId, T0), owner: ann.id };
      const { rejected } = await who.device.push({ cards: [edit] });
      expect(rejected).toMatchObject([{ code: 'not_found' }]);
    }
  });

  it('loses it when it is taken back', async () => {
    const [ann, bob] = await annAndBob('edit');
    expect((await takeBack(ann, 'plan', bob)).status).toBe(200);
    expect((await bob.device.get(`/cards?owner=${ann.id}&plan=plan`)).status).toBe(404);
    const gone = await pullUntil(bob, ({ plans, cards }) => plans.length + cards.length === 2);
    for (const row of [...gone.plans, ...gone.cards]) {
      expect(row).toMatchObject({ action: 'delete', owner: ann.id });
    }
    expect((await shares(bob)).received).toEqual([]);
    expect((await shares(ann)).given).toEqual([]);
  });

  it('is told live, whichever of them changes it', async () => {
    const [ann, bob] = await annAndBob('edit');
    const [annLive, bobLive] = [
      await Live.open(ann.id, 'phone', { email: ann.email }),
      await Live.open(bob.id, 'phone', { email: bob.email }),
    ];
    await ann.device.push({ cards: [card('card', 'plan', T0 + 1, { answer: 'live' })] });
    expect(await bobLive.next()).toMatchObject({
      type: 'changes',
      cards: [{ id: 'card', owner: ann.id, permission: 'edit', data: { answer: 'live' } }],
    });
    await annLive.next();
    const edit = { ...card('card', 'plan', T0 + 2, { answer: 'and back' }), owner: ann.id };
    const ack = await bobLive.ask({ type: 'push', request: 1, cards: [edit] });
    expect(ack).toMatchObject({ type: 'ack', rejected: [] });
    const device = `${bob.id}/phone`;
    expect(await annLive.next()).toMatchObject({
      cards: [{ data: { answer: 'and back' }, device }],
    });
    const back = { owner: ann.id, data: { answer: 'and back' }, device };
    expect(await bobLive.next()).toMatchObject({ cards: [back] });
  });

  it('sees what is deleted go', async () => {
    const [ann, bob] = await annAndBob('read');
    await ann.device.push({ cards: [deletion('card', T0 + 1)] });
    const { cards } = await pullUntil(bob, (all) => all.cards.length === 1);
    expect(cards).toMatchObject([{ id: 'card', action: 'delete', owner: ann.id }]);
  });
});
