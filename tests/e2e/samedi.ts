// The command line as a person has it: the built program with a home of its own.

import { type ChildProcess, execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { linkTo } from './worker.ts';

const PROGRAM = process.env.SAMEDI ?? 'build/native/cli/samedi';
const TIMEOUT_MS = 60_000;

export interface Ran {
  code: number;
  stdout: string;
  stderr: string;
}

interface Running {
  child: ChildProcess;
  ran: Promise<Ran>;
}

export class Samedi {
  readonly home = mkdtempSync(join(tmpdir(), 'samedi-'));

  /** Runs a command; its exit code is an answer too. */
  run(...args: string[]): Promise<Ran> {
    const { child, ran } = this.#start(args);
    child.stdin?.end();
    return ran;
  }

  /** Runs a command that must succeed; what it printed. */
  async ok(...args: string[]): Promise<string> {
    return succeeded(args, await this.run(...args));
  }

  async json<T>(...args: string[]): Promise<T> {
    return JSON.parse(await this.ok(...args, '--json')) as T;
  }

  /** Signs in as a person does: asks for the mail, and pastes the token of its link. */
  async login(url: string, email: string): Promise<string> {
    await this.ok('config', 'set', 'api.url', url);
    const { child, ran } = this.#start(['login', email]);
    let shown = '';
    child.stdout?.on('data', (text) => {
      shown += text;
    });
    while (!shown.includes('paste the token') && child.exitCode === null) {
      await Promise.race([once(child.stdout as NodeJS.EventEmitter, 'data'), ran]);
    }
    if (child.exitCode === null) {
      const link = new URL(await linkTo(url, email));
      child.stdin?.end(`${link.searchParams.get('token')}\n`);
    }
    return succeeded(['login', email], await ran);
  }

  remove(): void {
    rmSync(this.home, { recursive: true, force: true });
  }

  #start(args: string[]): Running {
    let child: ChildProcess | undefined;
    const ran = new Promise<Ran>((resolve) => {
      child = execFile(
        PROGRAM,
        ['--home', this.home, ...args],
        { timeout: TIMEOUT_MS, env: { PATH: process.env.PATH, TZ: 'UTC' } },
        (error, stdout, stderr) => {
          const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
          resolve({ code, stdout, stderr });
        },
      );
    });
    return { child: child as ChildProcess, ran };
  }
}

function succeeded(args: string[], { code, stdout, stderr }: Ran): string {
  if (code !== 0) throw new Error(`samedi ${args.join(' ')}: ${code} ${stdout}${stderr}`);
  return stdout;
}
