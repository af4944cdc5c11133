import { spawn } from 'node:child_process'
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { Fleet, freePort } from '@varve/e2e/fleet'
import { findTool } from '@varve/test-kit/tools'
import { cpuOf, highWater, peakMemory, timeCommand, type Command, type Timing } from './run-timed.ts'
import { answering, startSshServer } from './ssh-server.ts'
import { best, formatTable, median } from './statistics.ts'

const programs = {
  varve: 'controller and two agents on loopback: pulled over NBD, synced, read back and proven bit-identical',
  'varve over TLS': 'the same by agents with certificates: mutual TLS 1.3 between all three',
  'qemu-img + scp': 'qemu-img convert -O qcow2, then scp over loopback; neither synced nor compared',
  'qemu-img from qemu-nbd':
    'qemu-img convert -W -m 16 from qemu-nbd in plain text; neither synced nor compared',
} as const

export interface MigrationResult {
  readonly program: keyof typeof programs
  readonly runs: readonly Timing[]
  /** Of the largest process. */
  readonly peakBytes: number
}

const agents = ['controller', 'north', 'south'] as const

/** Moves the VMDK of `folder` to another host as qcow2, `runs` times by each program in turn. */
export async function runMigrations(folder: string, runs: number): Promise<MigrationResult[]> {
  const place = mkdtempSync(join(folder, 'migration-'))
  try {
    const source = join(folder, 'disk.vmdk')
    const converted = join(place, 'converted.qcow2')
    const arrived = join(place, 'arrived.qcow2')
    await using plain = await Fleet.start(join(place, 'plain'))
    await using secure = await Fleet.start(join(place, 'secure'), { joined: true })
    await using ssh = await startSshServer()
    await using nbd = await startQemuNbd(source)
    for (const fleet of [plain, secure]) copyFileSync(source, join(fleet.library('north'), 'disk.vmdk'))
    const convert = (args: readonly string[], input: string): Command => ({
      file: findTool('qemu-img') ?? 'qemu-img',
      args: ['convert', ...args, '-O', 'qcow2', input, converted],
    })
    const copied = [convert([], source), ssh.copy(converted, arrived)]
    const pulled = [convert(['-W', '-m', '16'], nbd.uri)]
    const clean = () => {
      for (const file of [converted, arrived]) rmSync(file, { force: true })
    }
    const peaks = new Map<string, number>()
    for (const [program, steps] of [
      ['qemu-img + scp', copied],
      ['qemu-img from qemu-nbd', pulled],
    ] as const) {
      const sizes: number[] = []
      for (const step of steps) sizes.push(await peakMemory(step))
      peaks.set(program, Math.max(...sizes))
      clean()
    }
    const timings = {
      plain: [] as Timing[],
      secure: [] as Timing[],
      copied: [] as Timing[],
      pulled: [] as Timing[],
    }
    for (let run = 0; run < runs; run += 1) {
      for (const [into, steps] of [
        [timings.copied, copied],
        [timings.pulled, pulled],
      ] as const) {
        const each: Timing[] = []
        for (const step of steps) each.push(await timeCommand(step))
        into.push({ seconds: sum(each, 'seconds'), cpuSeconds: sum(each, 'cpuSeconds') })
        clean()
      }
      timings.plain.push(await migrate(plain, `disk-${run}.qcow2`))
      timings.secure.push(await migrate(secure, `disk-${run}.qcow2`))
    }
    return [
      { program: 'varve', runs: timings.plain, peakBytes: largest(plain) },
      { program: 'varve over TLS', runs: timings.secure, peakBytes: largest(secure) },
      { program: 'qemu-img + scp', runs: timings.copied, peakBytes: peaks.get('qemu-img + scp') ?? 0 },
      {
        program: 'qemu-img from qemu-nbd',
        runs: timings.pulled,
        peakBytes: peaks.get('qemu-img from qemu-nbd') ?? 0,
      },
    ]
  } finally {
    rmSync(place, { recursive: true, force: true })
  }
}

function largest(fleet: Fleet): number {
  return Math.max(...agents.map((name) => highWater(fleet.pid(name) ?? 0)))
}

/** A server of a VMDK's disk in plain text, for one client after the other. */
async function startQemuNbd(image: string) {
  const port = await freePort()
  const args = [
    '--read-only',
    '--persistent',
    '--shared=8',
    '-f',
    'vmdk',
    '-b',
    '127.0.0.1',
    '-p',
    String(port),
  ]
  const server = spawn(findTool('qemu-nbd') ?? 'qemu-nbd', [...args, image], { stdio: 'ignore' })
  await answering(port, server)
  return {
    uri: `nbd://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      const ended = new Promise((done) => server.on('exit', done))
      server.kill('SIGTERM')
      await ended
    },
  }
}

async function migrate(fleet: Fleet, name: string): Promise<Timing> {
  const image = await fleet.image('north', 'disk.vmdk')
  const cpu = () => agents.reduce((total, each) => total + cpuOf(fleet.pid(each) ?? 0), 0)
  const cpuBefore = cpu()
  const started = performance.now()
  const { id } = await fleet.start(image, { name, format: 'qcow2' })
  const { state, error } = await fleet.ended(id, 100)
  const seconds = (performance.now() - started) / 1000
  if (state !== 'succeeded') throw new Error(`the migration ${state}: ${error?.message ?? ''}`)
  rmSync(join(fleet.library('south'), name))
  return { seconds, cpuSeconds: cpu() - cpuBefore }
}

function sum(timings: readonly Timing[], what: keyof Timing): number {
  return timings.reduce((total, timing) => total + timing[what], 0)
}

/** How many times longer `slow` takes than `fast`. */
export function migrationRatio(
  results: readonly MigrationResult[],
  [slow, fast]: readonly [MigrationResult['program'], MigrationResult['program']],
) {
  const seconds = (program: MigrationResult['program']) =>
    results.find((result) => result.program === program)?.runs.map((run) => run.seconds) ?? []
  const [own, peer] = [seconds(fast), seconds(slow)]
  return { best: best(peer) / best(own), median: median(peer) / median(own) }
}

/** The results as a table for people. */
export function formatMigrations(results: readonly MigrationResult[]): string {
  const rows = results.map(({ program, runs, peakBytes }) => [
    program,
    `${best(runs.map((run) => run.seconds)).toFixed(2)} s`,
    `${median(runs.map((run) => run.seconds)).toFixed(2)} s`,
    `${best(runs.map((run) => run.cpuSeconds)).toFixed(2)} s`,
    `${Math.round(peakBytes / 1024 / 1024)} MiB`,
    programs[program],
  ])
  const head = ['migrate vmdk → qcow2', 'best', 'median', 'CPU', 'largest process', '']
  const compared = (
    [
      ['qemu-img + scp', 'varve'],
      ['qemu-img + scp', 'varve over TLS'],
      ['varve over TLS', 'qemu-img from qemu-nbd'],
      ['varve over TLS', 'varve'],
    ] as const
  ).map(([slow, fast]) => {
    const ratio = migrationRatio(results, [slow, fast])
    return `${slow} takes ${ratio.best.toFixed(2)}× (best), ${ratio.median.toFixed(2)}× (median) the time of ${fast}`
  })
  return [formatTable([head, ...rows]), ...compared].join('\n')
}
