import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { findTool, runToolOk } from '@varve/test-kit/tools'
import { median } from './statistics.ts'
import { timeCommand, type Command, type Timing } from './run-timed.ts'

const cli = resolve(import.meta.dirname, '../../../packages/cli/bin/varve.mjs')
const MiB = 1024 ** 2
/** MiB of files that the guest keeps, and that it has removed: their bytes are in the image still. */
const files = { size: 4096, kept: 400, removed: 800 }

/** Who gives back what the guest has removed. */
const contestants = ['varve', 'virt-sparsify'] as const

export interface Reclaimed {
  readonly contestant: (typeof contestants)[number]
  readonly runs: readonly Timing[]
  /** Bytes on the host before and after. */
  readonly before: number
  readonly after: number
}

/** A qcow2 image with one ext4 filesystem; made without a mount, so that nobody has to be root. */
async function prepare(folder: string): Promise<string> {
  const image = join(folder, 'removed.qcow2')
  if (existsSync(image)) return image
  const [tree, raw, script] = ['removed-files', 'removed.raw', 'removed.script'].map((name) =>
    join(folder, name),
  ) as [string, string, string]
  mkdirSync(tree, { recursive: true })
  const removed = Array.from({ length: files.removed }, (_, index) => `removed-${index}`)
  const kept = Array.from({ length: files.kept }, (_, index) => `kept-${index}`)
  for (const name of [...removed, ...kept]) writeFileSync(join(tree, name), randomBytes(MiB))
  writeFileSync(raw, '')
  truncateSync(raw, files.size * MiB)
  await runToolOk('mkfs.ext4', ['-q', '-F', '-d', tree, raw])
  writeFileSync(script, removed.map((name) => `rm /${name}\n`).join(''))
  await runToolOk('debugfs', ['-w', '-f', script, raw])
  await runToolOk('qemu-img', ['convert', '-f', 'raw', '-O', 'qcow2', raw, image])
  for (const path of [tree, raw, script]) rmSync(path, { recursive: true })
  return image
}

/** Both make a new image and leave the old one: varve proves it and takes its place, virt-sparsify starts a machine for it. */
function commandOf(contestant: Reclaimed['contestant'], image: string, output: string): Command {
  return contestant === 'varve'
    ? { file: process.execPath, args: [cli, 'reclaim', image, '--yes'] }
    : { file: 'virt-sparsify', args: ['--quiet', image, output] }
}

const onHost = (path: string) => statSync(path).blocks * 512

/** In turn, each on a fresh copy of the image; those that are not installed are left out. */
export async function runReclaims(folder: string, runs: number): Promise<Reclaimed[]> {
  const source = await prepare(folder)
  const work = join(folder, 'reclaim')
  const there = contestants.filter((name) => name === 'varve' || findTool(name) !== null)
  const timings = there.map((): Timing[] => [])
  const after = there.map(() => 0)
  for (let run = 0; run < runs; run += 1) {
    for (let turn = 0; turn < there.length; turn += 1) {
      const place = (turn + run) % there.length
      const contestant = there[place] ?? 'varve'
      rmSync(work, { recursive: true, force: true })
      mkdirSync(work)
      const [image, output] = [join(work, 'disk.qcow2'), join(work, 'output.qcow2')]
      await runToolOk('cp', [source, image])
      timings[place]?.push(await timeCommand(commandOf(contestant, image, output)))
      after[place] = onHost(contestant === 'varve' ? image : output)
    }
  }
  rmSync(work, { recursive: true, force: true })
  const before = onHost(source)
  return there.map((contestant, place) => ({
    contestant,
    runs: timings[place] ?? [],
    before,
    after: after[place] ?? 0,
  }))
}

/** A line for each, and how many times faster varve is. */
export function formatReclaims(results: readonly Reclaimed[]): string {
  const seconds = (result: Reclaimed) => median(result.runs.map((run) => run.seconds))
  const lines = results.map((result) => {
    const { contestant, before, after } = result
    return `  ${contestant.padEnd(14)} ${seconds(result).toFixed(2)} s, ${Math.round(before / MiB)} → ${Math.round(after / MiB)} MiB`
  })
  const [own, rival] = results
  const ratio =
    own && rival
      ? `  ${(seconds(rival) / seconds(own)).toFixed(1)} times faster`
      : '  virt-sparsify is not installed'
  return ['Reclaiming 800 MiB of removed files of an ext4 guest in qcow2', ...lines, ratio].join('\n')
}
