import { lstat } from 'node:fs/promises'
import { randomHex } from '@varve/core/binary/random-hex'
import { DiskError, isDiskError } from '@varve/core/problems/disk-error'
import { problemFromError, type Problem } from '@varve/core/problems/problem'
import { checkFile } from '@varve/engine/images/check-file'
import { readError } from '@varve/engine/system/system-error'
import { assertUnused } from '@varve/engine/images/edit-file'
import { planRepair } from '@varve/engine/images/repair-file'
import { stagedPath } from '@varve/engine/files/staged-name'
import type { RepairFacts } from '@varve/operations/repair/facts'
import { repairOperation } from '@varve/operations/repair/plan'
import type { RepairRequest } from '@varve/operations/repair/request'
import { assertTarget } from '../actions/inside-roots.ts'
import { wholeImage } from './image-files.ts'
import { defineLocalOperation, type FactsContext } from './local-operation.ts'

export const repairHere = defineLocalOperation(repairOperation, gather)

async function gather({ image, by, backup }: RepairRequest, context: FactsContext): Promise<RepairFacts> {
  const { ports, host, signal } = context
  const { path } = image
  await assertTarget(ports, path)
  const choices = { ...image.reading, rescue: false }
  const asked = { roots: ports.roots, format: image.format, choices, signal }
  const { report } = await checkFile(path, { ...asked, inUse: 'accept' })
  const file = await lstat(path).catch((error: unknown) => {
    throw readError(error, path)
  })
  const whole = await wholeImage(path, context, (one) => ['varve', 'check', '--repair', one])
  const obstacles = [...whole, await problemOf(async () => assertUnused(path))]
  if (by === 'varve' && backup !== null)
    obstacles.push(await problemOf(async () => assertFree(backup, context)))
  const { done, problem } = await attempt(async () => planRepair(path, asked))
  const staging = randomHex(6)
  return {
    host,
    path,
    format: report.format,
    fileSize: file.size,
    corruptions: report.totals.corruptions,
    leaks: report.totals.leaks,
    fixes: done?.fixes ?? null,
    notRepaired: problem,
    obstacles: obstacles.filter((one) => one !== null),
    isOneFile: file.isFile(),
    tool: {
      isThere: (await ports.tools.find('qemu-img')) !== null,
      install: 'Install qemu-img (qemu-utils).',
    },
    copy: { path: stagedPath(path, staging), staging },
  }
}

/** Throws unless nothing has that name. */
async function assertFree(path: string, { ports }: FactsContext): Promise<void> {
  await assertTarget(ports, path)
  if (await lstat(path).catch(() => null)) throw new DiskError('target-exists', { file: path })
}

async function problemOf(work: () => Promise<void>): Promise<Problem | null> {
  return (await attempt(work)).problem
}

/** What it gave, or what keeps it from that. */
async function attempt<T>(work: () => Promise<T>): Promise<{ done: T | null; problem: Problem | null }> {
  try {
    return { done: await work(), problem: null }
  } catch (error) {
    if (isDiskError(error) && error.code !== 'canceled')
      return { done: null, problem: problemFromError(error) }
    throw error
  }
}
