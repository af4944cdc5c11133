import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { Fleet } from '@varve/e2e/fleet'
import { findTool } from '@varve/test-kit/tools'
import { cpuOf, highWater, peakMemory, timeCommand, type Timing } from './run-timed.ts'
import { startSshServer } from './ssh-server.ts'
import { best, formatTable, median } from './statistics.ts'

const programs = {
  varve: 'controller and two agents: pulled over NBD, synced, read back and proven bit-identical',
  'qemu-img + scp': 'qemu-img convert -O qcow2, then scp over loopback; neither synced nor compared',
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
    await using fleet = await Fleet.start(join(place, 'fleet'))
    await using ssh = await startSshServer()
    copyFileSync(source, join(fleet.library('north'), 'disk.vmdk'))
    const convert = {
      file: findTool('qemu-img') ?? 'qemu-img',
      args: ['convert', '-O', 'qcow2', source, converted],
    }
    const copy = ssh.copy(converted, arrived)
    const clean = () => {
      for (const file of [converted, arrived]) rmSync(file, { force: true })
    }
    const peer = [await peakMemory(convert), await peakMemory(copy)]
    const timings = { own: [] as Timing[], peers: [] as Timing[] }
    for (let run = 0; run < runs; run += 1) {
      clean()
      const steps = [await timeCommand(convert), await timeCommand(copy)]
      timings.peers.push({ seconds: sum(steps, 'seconds'), cpuSeconds: sum(steps, 'cpuSeconds') })
      clean()
      timings.own.push(await migrate(fleet, `disk-${run}.qcow2`))
    }
    const own = agents.map((name) => highWater(fleet.pid(name) ?? 0))
    return [
      { program: 'varve', runs: timings.own, peakBytes: Math.max(...own) },
      { program: 'qemu-img + scp', runs: timings.peers, peakBytes: Math.max(...peer) },
    ]
  } finally {
    rmSync(place, { recursive: true, force: true })
  }
}

async function migrate(fleet: Fleet, name: string): Promise<Timing> {
  const image = await fleet.image('north', 'disk.vmdk')
  const cpu = () => agents.reduce((total, each) => total + cpuOf(fleet.pid(each) ?? 0), 0)
  const cpuBefore = cpu()
  const started = performance.now()
  const { id } = await fleet.start(image, { name, format: 'qcow2' })
  const { state, error } = await fleet.ended(id)
  const seconds = (performance.now() - started) / 1000
  if (state !== 'succeeded') throw new Error(`the migration ${state}: ${error?.message ?? ''}`)
  rmSync(join(fleet.library('south'), name))
  return { seconds, cpuSeconds: cpu() - cpuBefore }
}

function sum(timings: readonly Timing[], what: keyof Timing): number {
  return timings.reduce((total, timing) => total + timing[what], 0)
}

export function migrationRatio(results: readonly MigrationResult[]) {
  const seconds = (program: MigrationResult['program']) =>
    results.find((result) => result.program === program)?.runs.map((run) => run.seconds) ?? []
  const [own, peer] = [seconds('varve'), seconds('qemu-img + scp')]
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
  const ratio = migrationRatio(results)
  const head = ['migrate vmdk → qcow2', 'best', 'median', 'CPU', 'largest process', '']
  return `${formatTable([head, ...rows])}\nvarve is faster by ${ratio.best.toFixed(2)}× (best), ${ratio.median.toFixed(2)}× (median)`
}
