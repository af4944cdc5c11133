import { randomHex } from '@varve/core/binary/random-hex'
import { overlayFormatOf } from '@varve/core/formats/writable-formats'
import { lstat, realpath, stat } from 'node:fs/promises'
import { dirname, extname, isAbsolute, join } from 'node:path'
import { rulesOf } from '@varve/core/formats/writable-formats'
import type { InternalSnapshot } from '@varve/core/image/image-facts'
import { walkChain } from '@varve/core/chain/walk-chain'
import { DiskError } from '@varve/core/problems/disk-error'
import { isBlocking, problemFromError, type Problem } from '@varve/core/problems/problem'
import { libraryRoots } from '@varve/engine/files/library-roots'
import { assertNameFits } from '@varve/engine/files/staged-name'
import type { HyperVMachine } from '@varve/protocol/machines'
import { makesSharedFiles, sharedSnapshots } from '@varve/engine/images/shared-snapshots'
import { nodePorts } from '@varve/engine/ports/ports'
import { snapshotApply } from '@varve/operations/snapshot-apply/plan'
import { snapshotCreate } from '@varve/operations/snapshot-create/plan'
import { snapshotDelete } from '@varve/operations/snapshot-delete/plan'
import type { SnapshotFacts } from '@varve/operations/snapshots/facts'
import { sharedSnapshotPath } from '@varve/operations/snapshots/shared'
import { usedProblems } from './chain-repoint.ts'
import { disksAbove } from './image-files.ts'
import { defineLocalOperation, type FactsContext } from './local-operation.ts'
import { namingProblems } from './naming-problems.ts'

export const snapshotApplyHere = defineLocalOperation(snapshotApply, async ({ image }, context) => {
  const facts = await gatherSnapshots(image, context)
  if (facts.machine) return facts
  return { ...facts, problems: [...facts.problems, ...(await disksAbove(facts.path, context))] }
})

export const snapshotDeleteHere = defineLocalOperation(snapshotDelete, async ({ image, name }, context) => {
  const facts = await gatherSnapshots(image, context)
  if (facts.format !== 'raw' || !facts.snapshots.some((one) => one.name === name)) return facts
  // It is a file, over which others can lie, and which others can have open; who has the image open is no matter.
  const file = sharedSnapshotPath(facts.path, name)
  const problems = [...(await usedProblems(file)), ...(await disksAbove(file, context))]
  return { ...facts, problems }
})

export const snapshotCreateHere = defineLocalOperation(
  snapshotCreate,
  async ({ image, name, kind }, context) => {
    const facts = await gatherSnapshots(image, { ...context, needsTool: kind === 'internal' })
    if (kind === 'internal') {
      const own = facts.sharesBlocks === null ? null : sharedSnapshotPath(facts.path, name)
      if (own !== null) assertNameFits(own)
      return { ...facts, overlay: null, isTaken: own !== null && (await isTaken(own)) }
    }
    const overlay = overlayPath(facts, name)
    assertNameFits(overlay)
    const problems = [...facts.problems, ...(await overlayNaming(facts, overlay, context))]
    return { ...facts, problems, overlay, isTaken: await isTaken(overlay) }
  },
)

async function gatherSnapshots(
  image: string,
  { host, ports, signal, needsTool = true }: FactsContext & { readonly needsTool?: boolean },
): Promise<SnapshotFacts> {
  const machine = await machineOf(image, ports)
  if (machine) return factsOfMachine(image, machine, host)
  const files = nodePorts({ roots: ports.roots, io: 'sync', packed: 'name' })
  await using walked = await walkChain(image, files, { signal })
  const [{ file, facts }] = walked.links
  const place = await files.files.place(file.path)
  const shared = facts.format === 'raw' ? await sharedOf(file.path) : null
  return {
    host,
    path: shared?.path ?? file.path,
    format: facts.format,
    virtualSize: facts.virtualSize,
    snapshots: shared?.snapshots ?? facts.snapshots.map(toFact),
    sharesBlocks: shared === null ? null : makesSharedFiles(place),
    problems: [
      ...facts.problems.filter(({ severity }) => severity === 'block'),
      ...walked.failures.map(problemFromError),
      ...(await usedProblems(file.path)),
      ...(needsTool && facts.format === 'qcow2' ? await toolProblems(file.path, ports) : []),
    ],
    filesystem: place.filesystem,
    keepName: `varve-before-${randomHex(4)}`,
  }
}

/** Whose disk it is, of a file that a machine may hold so that nobody else can open it. */
async function machineOf(
  image: string,
  { windowsHost, roots }: FactsContext['ports'],
): Promise<HyperVMachine | null> {
  if (!windowsHost) return null
  libraryRoots(roots).assertNamedInside(image)
  const wanted = await stat(image, { bigint: true }).catch(() => null)
  if (wanted === null) return null
  const { machines } = await windowsHost.machines()
  const isWanted = async (path: string) => {
    const there = await stat(path, { bigint: true }).catch(() => null)
    return there?.dev === wanted.dev && there.ino === wanted.ino
  }
  for (const machine of machines) {
    const { drives, checkpoints } = machine
    const files = [...drives.map(({ path }) => path), ...checkpoints.all.flatMap((one) => one.files)]
    for (const file of new Set(files)) if (await isWanted(file)) return machine
  }
  return null
}

/** Its checkpoints are those of the machine: Hyper-V makes them, also while it runs. */
function factsOfMachine(path: string, machine: HyperVMachine, host: string): SnapshotFacts {
  return {
    host,
    path,
    format: /\.a?vhd$/iu.test(path) ? 'vhd' : 'vhdx',
    virtualSize: null,
    snapshots: machine.checkpoints.all.map(({ id, name }) => ({ id, name, stateSize: 0 })),
    sharesBlocks: null,
    problems: [],
    filesystem: null,
    machine,
    keepName: `varve-before-${randomHex(4)}`,
  }
}

/** The snapshots of a raw image of one file, by its own name; null: it is no such file. */
async function sharedOf(given: string) {
  const path = await realpath(given)
  const own = await lstat(path)
  if (!own.isFile()) return null
  const found = await sharedSnapshots(path)
  const snapshots = found.map(({ name, size }) => ({
    id: name,
    name,
    stateSize: 0,
    ...(size !== own.size && { size }),
  }))
  return { path, snapshots }
}

const toFact = ({ id, name, stateSize }: InternalSnapshot) => ({ id, name, stateSize })

async function toolProblems(file: string, { tools }: FactsContext['ports']): Promise<Problem[]> {
  if ((await tools.find('qemu-img')) !== null) return []
  const install =
    'Install it: it is in the package qemu-utils (Debian, Ubuntu), qemu-img (Fedora) or qemu (Homebrew).'
  return [problemFromError(new DiskError('tool-missing', { file, tool: 'qemu-img', install }))]
}

/** Why an overlay of that name cannot name the image. */
async function overlayNaming(
  facts: SnapshotFacts,
  target: string,
  context: FactsContext,
): Promise<Problem[]> {
  const format = overlayFormatOf(facts.format)
  if (format === null || facts.problems.some(isBlocking)) return []
  return await namingProblems({ target, format }, facts, context)
}

/** Beside the image, with the ending of its format. */
function overlayPath(facts: SnapshotFacts, name: string): string {
  const path = isAbsolute(name) ? name : join(dirname(facts.path), name)
  const format = overlayFormatOf(facts.format)
  if (format === null) return path
  const [usual = ''] = rulesOf(format).endings
  return extname(path).toLowerCase() === usual ? path : `${path}${usual}`
}

async function isTaken(path: string): Promise<boolean> {
  return await lstat(path).then(
    () => true,
    () => false,
  )
}
