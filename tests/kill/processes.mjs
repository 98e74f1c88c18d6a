// The process tree as Linux tells it in /proc: whose child is who, and who listens where.

import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** [pid, parent, name] of every process. */
function processes() {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.flatMap((pid) => {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      const name = stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'));
      const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return state === 'Z' ? [] : [{ pid: Number(pid), parent: Number(parent), name }];
    } catch {
      return []; // It ended meanwhile.
    }
  });
}

/** The processes below `root`, itself not among them. */
export function descendants(root) {
  const all = processes();
  const found = [];
  for (let parents = [root]; parents.length > 0; ) {
    const children = all.filter(({ parent }) => parents.includes(parent));
    found.push(...children);
    parents = children.map(({ pid }) => pid);
  }
  return found;
}

export function exists(pid) {
  return processes().some((process) => process.pid === pid);
}

/** Inodes of the sockets that listen on a port. */
function listeners(port) {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  const lines = ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((path) =>
    readFileSync(path, 'utf8').trim().split('\n').slice(1),
  );
  const fields = lines.map((line) => line.trim().split(/\s+/));
  const listening = fields.filter(
    ([, local, , state]) => state === '0A' && local.endsWith(`:${hex}`),
  );
  return listening.map((field) => field[9]);
}

export function listensOn(pid, port) {
  const sockets = new Set(listeners(port).map((inode) => `socket:[${inode}]`));
  try {
    return readdirSync(`/proc/${pid}/fd`).some((fd) => {
      try {
        return sockets.has(readlinkSync(`/proc/${pid}/fd/${fd}`));
      } catch {
        return false;
      }
    });
  } catch {
    return false;
  }
}
