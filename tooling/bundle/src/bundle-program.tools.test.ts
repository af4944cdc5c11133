import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readdir, readFile, truncate, writeFile } from 'node:fs/promises'
import { SourceMap } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { mbrSector } from '@varve/test-kit/mbr-sector'
import { tempPlace } from '@varve/test-kit/temp-place'
import { expect, test } from 'vitest'
import { bundleProgram } from './bundle-program.ts'
import { cli, controller, homeOf, programs, type Program } from './programs.ts'

/** Runs the command from the program file given, as the launcher does. */
async function runFrom(program: string, args: readonly string[]): Promise<string> {
  const load = program.endsWith('.ts') ? 'import' : 'require'
  const call = `Promise.resolve(${load}(${JSON.stringify(program)})).then(async ({ runProgram }) => { process.exitCode = await runProgram(['node', 'varve', ...process.argv.slice(1)], '0') })`
  const { stdout } = await promisify(execFile)(process.execPath, ['-e', call, '--', ...args])
  return stdout
}

async function bundled(program: Program, file: string): Promise<string> {
  const { folder } = await bundleProgram(program)
  return join(homeOf(program), 'dist', folder, file)
}

/** Starts a bundled program; gives what the first group of `ready` finds in a line of its output. */
async function started(stack: AsyncDisposableStack, file: string, args: readonly string[], ready: RegExp) {
  const child: ChildProcess = spawn(process.execPath, [file, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  stack.defer(async () => {
    if (child.exitCode === null && child.kill()) await once(child, 'exit')
  })
  if (!child.stdout) throw new Error('no standard output')
  for await (const line of createInterface({ input: child.stdout })) {
    const found = ready.exec(line)
    if (found) return found[1] ?? ''
  }
  throw new Error(`${file} ended before it was ready`)
}

test('the bundle converts with its worker threads as the sources do', async () => {
  const { folder, inputs } = await bundleProgram(cli)
  const paths = inputs.map(([path]) => path)
  expect(paths).toContain('packages/cli/src/program.ts')
  expect(paths).toContain('packages/engine/src/run/worker-tasks.ts')
  expect(paths.filter((path) => path.endsWith('.node'))).toHaveLength(2)
  const record: unknown = JSON.parse(await readFile(join(homeOf(cli), 'dist/bundle.json'), 'utf8'))
  expect(record).toMatchObject({ folder })
  await using place = await tempPlace()
  const disk = place.file('disk.raw')
  await writeFile(disk, diskOf(9 * 2 ** 20))
  await truncate(disk, 64 * 2 ** 20)
  const told = []
  for (const [name, program] of [
    ['bundle', join(homeOf(cli), 'dist', folder, 'program.cjs')],
    ['source', join(homeOf(cli), 'src/program.ts')],
  ] as const) {
    const target = place.file(`${name}.qcow2`)
    const {
      path: _,
      seconds: __,
      run: ___,
      ...rest
    } = JSON.parse(await runFrom(program, ['convert', disk, target, '--json'])) as Record<string, unknown>
    told.push(rest)
  }
  expect(told[0]).toMatchObject({ verified: true, format: 'qcow2' })
  expect(told[0]).toEqual(told[1])
})

test('what a thread loads to read and write images draws no operation after it', async () => {
  const { folder } = await bundleProgram(cli)
  const place = join(homeOf(cli), 'dist', folder)
  const names = (await readdir(place)).filter((name) => name.endsWith('.cjs'))
  const codes = new Map<string, string>()
  for (const name of names) codes.set(name, await readFile(join(place, name), 'utf8'))
  const loadedBy = (start: RegExp): ReadonlySet<string> => {
    const loaded = new Set(names.filter((name) => start.test(name)))
    for (const name of loaded)
      for (const [, next = ''] of (codes.get(name) ?? '').matchAll(/=require\("\.\/([^"]+)"\)/gu))
        loaded.add(next)
    return new Set([...loaded].map(groupOf))
  }
  expect(loadedBy(/^convert-/u)).toContain('runs')
  const byThreads = loadedBy(/^(?:worker-tasks|driver|writer)-/u)
  expect(byThreads).toContain('transfer')
  expect(byThreads).not.toContain('runs')
  expect(byThreads).not.toContain('info')
})

test('a stack in the bundle names the sources', async () => {
  const program = await bundled(cli, 'program.cjs')
  const map = new SourceMap(JSON.parse(await readFile(`${program}.map`, 'utf8')))
  const lines = (await readFile(program, 'utf8')).split('\n')
  const line = lines.findIndex((text) => text.includes('function runProgram('))
  const origin = map.findOrigin(line + 1, lines[line]?.indexOf('runProgram') ?? 0)
  if (!('fileName' in origin)) throw new Error('runProgram has no origin')
  const source = join(homeOf(cli), 'src/program.ts')
  expect(resolve(dirname(program), origin.fileName)).toBe(source)
  const written = (await readFile(source, 'utf8')).split('\n')[origin.lineNumber - 1]
  expect(written).toContain('function runProgram(')
})

test('a bundled agent inspects in its threads and tells a bundled controller', async () => {
  const agent = programs().find(({ name }) => name.startsWith('agent-'))
  if (!agent) throw new Error('this system has no agent')
  await using place = await tempPlace()
  await using stack = new AsyncDisposableStack()
  const images = place.file('images')
  await mkdir(images)
  const command = await bundled(cli, 'program.cjs')
  await writeFile(place.file('disk.raw'), diskOf(2 ** 21))
  await runFrom(command, ['convert', place.file('disk.raw'), join(images, 'disk.qcow2')])
  const url = await started(
    stack,
    await bundled(controller, 'main.cjs'),
    ['--port', '0', '--data', place.file('controller'), '--log-level', 'silent'],
    /^listening (\S+)/u,
  )
  const agentArgs = ['--controller', url, '--name', 'north', '--library', `images=${images}`]
  const data = ['--data', place.file('agent'), '--log-level', 'silent']
  await started(stack, await bundled(agent, 'main.cjs'), [...agentArgs, ...data], /^(connected)/u)
  let answer = { rows: [] as unknown[] }
  while (answer.rows.length === 0) {
    await sleep(100)
    answer = JSON.parse(await runFrom(command, ['images', '--controller', url, '--json'])) as typeof answer
  }
  expect(answer.rows).toMatchObject([{ name: 'disk.qcow2', format: 'qcow2', virtualSize: 2 ** 21 }])
})

/** `transfer` of `transfer-DvH3qc_a.cjs`. */
function groupOf(file: string): string {
  return file.replace(/-[\w-]{8}\.cjs$/u, '')
}

/** A raw disk of text with a partition table, which tells that it is one. */
function diskOf(size: number): Buffer {
  const bytes = Buffer.alloc(size, 'varve')
  mbrSector(size).copy(bytes)
  return bytes
}
