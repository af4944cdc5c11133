import { readdirSync, readFileSync } from 'node:fs'
import { execa } from 'execa'

const graceMs = 2000

/** Ids of the process and of all that it and its children have started, as far as the system tells. */
export async function processTree(pid: number): Promise<number[]> {
  const parents = process.platform === 'linux' ? parentsOfLinux() : await parentsByPs()
  const tree = [pid]
  for (const member of tree) {
    for (const [child, parent] of parents) if (parent === member) tree.push(child)
  }
  return tree
}

/** Asks a process and everything it started to end, and ends them when they do not within two seconds. */
export async function endTree(pid: number): Promise<void> {
  if (process.platform === 'win32') {
    // taskkill(1) with /T walks the tree itself.
    await execa('taskkill', ['/pid', String(pid), '/t', '/f'], { reject: false })
    return
  }
  // Taken first: what its parent leaves behind is found no more.
  const tree = await processTree(pid)
  const send = (name: 'SIGTERM' | 'SIGKILL') => {
    for (const target of [-pid, ...tree]) {
      try {
        process.kill(target, name)
      } catch {
        // It has ended already.
      }
    }
  }
  send('SIGTERM')
  setTimeout(() => send('SIGKILL'), graceMs).unref()
}

/** Parents by child, from `/proc/PID/stat`, proc(5). */
function parentsOfLinux(): Map<number, number> {
  const parents = new Map<number, number>()
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/u.test(name)) continue
    try {
      const text = readFileSync(`/proc/${name}/stat`, 'latin1')
      // The name before it may hold spaces and brackets.
      parents.set(Number(name), Number(text.slice(text.lastIndexOf(')') + 2).split(' ', 2)[1]))
    } catch {
      // It has ended meanwhile.
    }
  }
  return parents
}

async function parentsByPs(): Promise<Map<number, number>> {
  const { stdout } = await execa('/bin/ps', ['-A', '-o', 'pid=,ppid='], { reject: false })
  const rows = stdout.matchAll(/^\s*(\d+)\s+(\d+)\s*$/gmu)
  return new Map(Array.from(rows, ([, pid, parent]) => [Number(pid), Number(parent)]))
}
