import { existsSync } from 'node:fs'
import { rename, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { tempPlace } from '@varve/test-kit/temp-place'
import { runToolOk } from '@varve/test-kit/tools'
import { startLab, type Lab } from '../machine/start-lab.ts'
import { inWork, lookAtCut, type Expected, type Look } from './look-at-cut.ts'
import { randomWait } from './moments.ts'
import { restartedHost, type Machine } from './restarted-host.ts'
import type { Subject } from './subjects.ts'

export interface Cut extends Look {
  /** How long after the run's beginning, in ms. */
  readonly afterMs: number
  /** How long such a run takes without a cut. */
  readonly wholeMs: number
  /** `kill`: the machine was killed and started again; `copy`: its disk as it was while the machine stood still. */
  readonly by: 'kill' | 'copy'
  /** The command had said that it is done. */
  readonly isOver: boolean
}

export interface PowerCuts extends Subject {
  /** The folder of the built lab. */
  readonly lab: string
  /** At random moments, at least. */
  readonly cuts: number
  /** How many of them kill the machine. */
  readonly kills: number
  /** How many copies are made in one run of the operation, about; one more is made right after its end. */
  readonly copiesARun?: number
  readonly say: (words: string) => void
}

type Copy = Pick<Cut, 'afterMs' | 'wholeMs' | 'isOver'> & { readonly file: string }

interface Begun {
  /** The exit code of the operation; null: the power was cut. */
  readonly ended: Promise<number | null>
  readonly isOver: () => boolean
  /** Waits until that long after the beginning, or the end. */
  until(ms: number): Promise<void>
  /** Does work while the machine stands still; that time does not count. */
  freeze(work: () => Promise<void>): Promise<void>
  /** How long since the beginning. */
  elapsed(): number
}

const dataBytes = 768 * 1024 ** 2
/** A machine is back so long after its power was cut at the earliest. */
const restartMs = 10_000

/**
 * Cuts the power of the lab at random moments of an operation, over and over, and looks after each what is there: the image as
 * it was, or the result, whole, and the result after the run went on. What `kill -9` of the machine leaves is the file of its
 * disk as the host has it at that moment: so most cuts are copies of that file, made while the machine stands still, many in
 * one run, and each is looked at by this host as one that was started again with it. Throws at the first that is neither, which is kept.
 */
export async function cutPower(options: PowerCuts): Promise<readonly Cut[]> {
  await using place = await tempPlace()
  const disk = place.file('data.raw')
  await writeFile(disk, '')
  await truncate(disk, dataBytes)
  const cuts: Cut[] = []
  const note = (cut: Cut) => {
    cuts.push(cut)
    options.say(
      `${cuts.length}: ${cut.by} after ${cut.afterMs} ms of ${cut.wholeMs}, at ${cut.at}: ${cut.found}, then result`,
    )
  }
  let lab = await startLab(options.lab)
  try {
    const first = await firstRun(lab, options, disk)
    const { expected } = first
    let { wholeMs } = first
    const lookAt = async (machine: Machine, isOver: boolean) => {
      const looked = await lookAtCut(machine, options, expected)
      if (isOver && looked.found !== 'result') throw new Error('what was said to be done is lost')
      return looked
    }
    while (cuts.length < options.kills) {
      const begun = await begin(lab, options)
      await begun.until(Math.random() * wholeMs)
      const [afterMs, isOver] = [begun.elapsed(), begun.isOver()]
      await lab.cutPower()
      await begun.ended
      const left = place.file('left.raw')
      await copySparse(disk, left)
      await lab[Symbol.asyncDispose]()
      lab = await startLab(options.lab)
      await plugged(lab, disk)
      await lab.ok('mount /dev/disk/by-label/varvedata /mnt/disk')
      const looked = await keptIfWrong(left, async () => lookAt(lab, isOver))
      note({ ...looked, afterMs, wholeMs, by: 'kill', isOver })
      await lab.ok('umount /mnt/disk && mount /dev/disk/by-label/varvedata /mnt/disk')
    }
    const name = await lab.ok('uname -n')
    let copied = cuts.length
    let named = 0
    let looks = Promise.resolve()
    const lookAll = async (copies: readonly Copy[]) => {
      await sleep(restartMs)
      for (const { file, ...when } of copies) {
        const looking = place.file('looking.raw')
        const looked = await keptIfWrong(file, async () => {
          await copySparse(file, looking)
          return await lookAt(restartedHost(looking, name), when.isOver)
        })
        note({ ...looked, ...when, by: 'copy' })
        await rm(file)
      }
    }
    while (copied < options.cuts) {
      const wanted = Math.min(options.copiesARun ?? 16, options.cuts - copied)
      const begun = await begin(lab, options)
      const made: { readonly file: string; readonly afterMs: number }[] = []
      const copy = async () => {
        const one = { file: place.file(`cut-${(named += 1)}.raw`), afterMs: begun.elapsed() }
        await begun.freeze(async () => copySparse(disk, one.file))
        made.push(one)
      }
      for (;;) {
        await begun.until(begun.elapsed() + randomWait(wholeMs / wanted))
        if (begun.isOver()) break
        await copy()
      }
      if ((await begun.ended) !== 0) throw new Error('the operation failed')
      wholeMs = begun.elapsed()
      copied += made.length
      await copy()
      const copies = made.map((one, index) => ({ ...one, wholeMs, isOver: index === made.length - 1 }))
      await looks
      // The lab goes on while its copies are looked at.
      looks = lookAll(copies)
      looks.catch(() => {})
    }
    await looks
    return cuts
  } finally {
    await lab[Symbol.asyncDispose]()
  }
}

/** Begins the operation on a fresh copy, and waits until its run has. */
async function begin(lab: Lab, options: PowerCuts): Promise<Begun> {
  await lab.ok(fresh(options))
  const mark = join(lab.share, 'begun')
  await rm(mark, { force: true })
  let isOver = false
  const ended = lab
    .run(
      `${inWork}
      (until compgen -G '/mnt/disk/state/varve/runs/*' >/dev/null; do sleep 0.1; done; touch /host/begun) & look=$!
      export NODE_COMPILE_CACHE=/root/code-cache
      ${options.operation}; code=$?; kill $look; exit $code`,
    )
    .then(
      ({ exitCode }) => exitCode,
      () => null,
    )
    .finally(() => (isOver = true))
  while (!existsSync(mark)) {
    if (isOver) throw new Error(`the operation has not begun: ${await ended}`)
    await sleep(10)
  }
  const began = performance.now()
  let frozenMs = 0
  const elapsed = () => Math.round(performance.now() - began - frozenMs)
  return {
    ended,
    isOver: () => isOver,
    elapsed,
    async until(ms) {
      while (!isOver && elapsed() < ms) await sleep(Math.min(20, ms - elapsed()))
    },
    async freeze(work) {
      const since = performance.now()
      await lab.freeze(work)
      frozenMs += performance.now() - since
    },
  }
}

async function copySparse(from: string, to: string): Promise<void> {
  await runToolOk('cp', ['--sparse=always', from, to])
}

/** What the power cut has left is kept when the look at it fails; it is looked at on a copy. */
async function keptIfWrong(left: string, look: () => Promise<Look>): Promise<Look> {
  try {
    return await look()
  } catch (error) {
    const kept = join(tmpdir(), `varve-power-cut-${Date.now()}-${basename(left)}`)
    await rename(left, kept)
    throw new Error(`after a power cut, whose disk is kept as ${kept}`, { cause: error })
  }
}

function fresh({ name }: PowerCuts): string {
  return `rm -rf /mnt/disk/work /mnt/disk/state; mkdir /mnt/disk/work; cp --sparse=always /mnt/disk/pristine/${name} /mnt/disk/work/; sync; fstrim /mnt/disk`
}

async function plugged(lab: Lab, disk: string): Promise<string> {
  const { device } = await lab.plug(disk, { serial: 'data' })
  await lab.ok('mkdir -p /mnt/disk')
  return device
}

/** How long the run takes without a cut, and what image and result are. */
async function firstRun(
  lab: Lab,
  options: PowerCuts,
  disk: string,
): Promise<{ readonly wholeMs: number; readonly expected: Expected }> {
  const { mark, facts } = options
  const device = await plugged(lab, disk)
  await lab.ok(`set -e; mkfs.ext4 -q -L varvedata ${device}; mount ${device} /mnt/disk
    mkdir /mnt/disk/pristine; cd /mnt/disk/pristine; ${options.prepare}`)
  await lab.ok(fresh(options))
  const original = await lab.ok(`${inWork}; ${mark}`)
  const inside = await lab.ok(`${inWork}; ${facts}`)
  const begun = await begin(lab, options)
  if ((await begun.ended) !== 0) throw new Error('the operation failed')
  const wholeMs = begun.elapsed()
  const result = await lab.ok(`${inWork}; ${mark}`)
  if (result === original) throw new Error('the operation changed nothing')
  if ((await lab.ok(`${inWork}; ${facts}`)) !== inside) throw new Error('the operation lost something')
  return { wholeMs, expected: { original, result, inside } }
}
