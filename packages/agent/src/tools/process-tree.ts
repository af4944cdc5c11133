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
  const tree = (await processTree(pid)).map((member) => ({ pid: member, started: startOf(member) }))
  send('SIGTERM', [-pid, ...tree.map((member) => member.pid)])
  const end = () => {
    // An id may have gone to another process meanwhile; then it has another start.
    const left = tree.filter((member) => member.started !== null && member.started === startOf(member.pid))
    send('SIGKILL', [-pid, ...left.map((member) => member.pid)])
  }
  setTimeout(end, graceMs).unref()
}

function send(signal: 'SIGTERM' | 'SIGKILL', targets: readonly number[]): void {
  for (const target of targets) {
    try {
      process.kill(target, signal)
    } catch {
      // It has ended already.
    }
  }
}

/** When a process was started, in ticks since the boot; null where that is not known or when it has ended. */
function startOf(pid: number): string | null {
  return process.platform === 'linux' ? (statFields(pid)?.[19] ?? null) : null
}

/** Parents by child, from `/proc/PID/stat`, proc(5). */
function parentsOfLinux(): Map<number, number> {
  const parents = new Map<number, number>()
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/u.test(name)) continue
    const parent = statFields(Number(name))?.[1]
    if (parent !== undefined) parents.set(Number(name), Number(parent))
  }
  return parents
}

/** The fields of `/proc/PID/stat` from the third on, proc(5); null when the process has ended. */
function statFields(pid: number): string[] | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // The name before them may hold spaces and brackets.
    return text.slice(text.lastIndexOf(')') + 2).split(' ')
  } catch {
    return null
  }
}

async function parentsByPs(): Promise<Map<number, number>> {
  const { stdout } = await execa('/bin/ps', ['-A', '-o', 'pid=,ppid='], { reject: false })
  const rows = stdout.matchAll(/^\s*(\d+)\s+(\d+)\s*$/gmu)
  return new Map(Array.from(rows, ([, pid, parent]) => [Number(pid), Number(parent)]))
}
