import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { removeTree } from '@varve/test-kit/build-once'
import { inRoot, mounts, namespaces, wine, wineServer } from './root/enter-root.ts'
import { wineRoot } from './root/recipe.ts'

/** How a program of Windows ended, and what it said. */
export interface WindowsOutcome {
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A program of Windows that runs. */
export interface WindowsProgram {
  /** What it has said until now, on both streams. */
  said(): Promise<string>
  readonly ended: Promise<WindowsOutcome>
  /** Ends it as a power cut does. */
  kill(): Promise<void>
}

/** A Windows with a drive C of its own; the network is the host's. */
export interface Windows extends AsyncDisposable {
  /** The folder that it sees as `Z:\work`. */
  readonly work: string
  /** Starts a program: of Windows by its name, any other by its path there. */
  start(program: string, args?: readonly string[]): Promise<WindowsProgram>
  /** Runs a program to its end, which is awaited for `limitMs`. */
  run(program: string, args?: readonly string[], limitMs?: number): Promise<WindowsOutcome>
}

/**
 * What is written to the root lies in a layer of its own, so that many start from the same drive C. It ends with who holds the other
 * end of its standard input, however that one ends.
 */
const begin = `
session=$1 work=$2 lower=$3
shift 3
root=$session/root
mkdir -p "$session/upper" "$session/layer" "$root"
mount --make-rprivate /
mount -t overlay overlay -o "lowerdir=$lower,upperdir=$session/upper,workdir=$session/layer" "$root"${mounts}
mount --bind "$work" "$root/work"
"$@"
touch "$session/ready"
cat >/dev/null`

/** Starts a Windows whose `Z:\work` is `folder`/work; all of it ends when it is disposed of. */
export async function startWindows(folder: string): Promise<Windows> {
  const [session, work] = [join(folder, 'windows'), join(folder, 'work')]
  for (const path of [session, work]) await mkdir(path, { recursive: true })
  const server = [...inRoot, join(session, 'root'), wineServer, '-p600']
  const init = spawn('unshare', [...namespaces, begin, 'sh', session, work, wineRoot(), ...server], {
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  const ended = new Promise((resolve) => init.once('exit', resolve))
  const programs: WindowsProgram[] = []
  const end = async () => {
    init.kill('SIGKILL')
    await ended
    await Promise.all(programs.map(async (program) => await program.ended))
    await removeTree(session)
  }
  try {
    while (!existsSync(join(session, 'ready'))) {
      if (init.exitCode !== null) throw new Error('the root of Wine cannot be entered')
      await sleep(20)
    }
    const [pid = ''] = await childrenOf(init.pid)
    const start = async (program: string, args: readonly string[] = []) => {
      const into = ['nsenter', '-t', pid, '-m', '-p', ...inRoot, join(session, 'root'), wine]
      const started = await startProgram(join(session, `program-${programs.length + 1}`), [
        ...into,
        program,
        ...args,
      ])
      programs.push(started)
      return started
    }
    return {
      work,
      start,
      async run(program, args = [], limitMs = 120_000) {
        const running = await start(program, args)
        const outcome = await Promise.race([running.ended, sleep(limitMs, null, { ref: false })])
        if (outcome !== null) return outcome
        await running.kill()
        throw new Error(`${program} ${args.join(' ')} does not end; it said:\n${await running.said()}`)
      },
      [Symbol.asyncDispose]: end,
    }
  } catch (error) {
    await end()
    throw error
  }
}

/** Streams are files: with pipes Node does not start under Wine. */
async function startProgram(
  path: string,
  [command = '', ...args]: readonly string[],
): Promise<WindowsProgram> {
  const files = [`${path}.out`, `${path}.err`] as const
  const [out, err] = [await open(files[0], 'w'), await open(files[1], 'w')]
  const child = spawn(command, args, { stdio: ['ignore', out.fd, err.fd] })
  const exit = new Promise<number | null>((resolve) => child.once('exit', resolve))
  await out.close()
  await err.close()
  const read = async () => await Promise.all(files.map(async (file) => await readFile(file, 'utf8')))
  return {
    said: async () => (await read()).join(''),
    ended: exit.then(async (exitCode) => {
      const [stdout = '', stderr = ''] = await read()
      return { exitCode, stdout, stderr }
    }),
    async kill() {
      await killProgram(child)
      await exit
    },
  }
}

/** The program is the child of what entered the namespaces. */
async function killProgram(child: ChildProcess): Promise<void> {
  for (const pid of await childrenOf(child.pid)) {
    try {
      process.kill(Number(pid), 'SIGKILL')
    } catch {
      continue
    }
  }
}

async function childrenOf(pid: number | undefined): Promise<string[]> {
  const said = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '')
  return said.trim().split(' ').filter(Boolean)
}
