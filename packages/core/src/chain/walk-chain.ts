import type { ChainLink } from '../image/image-report.ts'
import { DiskError, isDiskError } from '../problems/disk-error.ts'
import { problemFromError, type Problem } from '../problems/problem.ts'
import { openImageFile } from './bundle.ts'
import { namedAsRaw } from '../image/detect-format.ts'
import { driverFor } from './drivers.ts'
import type { FormatDriver } from '../image/format-driver.ts'
import { formatRules, type FormatName } from '../image/format-rules.ts'
import { identifyFile } from './identify-file.ts'
import type { ImageFacts, LayerIdentity, ParentReference } from '../image/image-facts.ts'
import type { ImageFile, ImagePorts } from '../image/image-files.ts'
import { linkRemarks } from './link-remarks.ts'
import { referenceOpener, takenProblem } from '../image/open-reference.ts'
import { sealedDriver } from '../image/sealed-driver.ts'
import { isSurvivable, rescueFile, survivedProblem } from '../image/rescue.ts'
import { assertChoicesFit, choicesForParents, type ReadingChoices } from '../image/reading-choices.ts'

/** Files of one chain, at most. */
export const maxChainLength = 256

export interface ChainOptions {
  /** The format of the top file when somebody said it; else it is detected. */
  readonly format?: FormatName | null
  /** What somebody said about how to read it. */
  readonly choices?: ReadingChoices | undefined
  /** The formats that somebody said of its parents, by their paths; what a child says of its parent goes before. */
  readonly told?: ReadonlyMap<string, FormatName> | undefined
  readonly signal?: AbortSignal
}

/** One file of a chain, open for reading, with what it says about itself. */
export interface WalkedLink {
  readonly file: ImageFile
  readonly driver: FormatDriver
  readonly facts: ImageFacts
  /** Nobody said the format: the file's own bytes did. */
  readonly isDetected: boolean
  /** Packed, and not unpacked here. */
  readonly isSealed: boolean
  readonly choices: ReadingChoices
  /** What the driver reads in place of the file, in a rescue. */
  readonly read?: ImageFile
}

/** A chain as far as it can be followed. */
export interface WalkedChain extends AsyncDisposable {
  /** The image itself first; at least one. */
  readonly links: readonly [WalkedLink, ...WalkedLink[]]
  /** Why the chain cannot be read as a whole, in the order met; each is among the problems too. */
  readonly failures: readonly DiskError[]
  /** What the links say about each other though the chain can be read; each is among the problems too. */
  readonly remarks: readonly Problem[]
  readonly problems: readonly Problem[]
}

/** Follows the parents of `path`; throws only when the top file itself cannot be opened or read. */
export async function walkChain(
  path: string,
  ports: ImagePorts,
  options: ChainOptions = {},
): Promise<WalkedChain> {
  options.signal?.throwIfAborted()
  await using opened = new AsyncDisposableStack()
  const choices = options.choices ?? {}
  const top = await openLink(path, ports, { said: options.format ?? null, choices, signal: options.signal })
  opened.use(top.file)
  const links: [WalkedLink, ...WalkedLink[]] = [top]
  const failures = namesWithoutRight(top)
  const remarks: Problem[] = []
  for (let child = top; child.facts.parent !== null && mayNameOthers(child);) {
    options.signal?.throwIfAborted()
    try {
      if (links.length >= maxChainLength) {
        throw new DiskError('chain-too-long', { file: path, limit: maxChainLength })
      }
      const { next, remark } = await openParent(
        child,
        { reference: child.facts.parent, told: options.told },
        ports,
      )
      opened.use(next.file)
      assertNoLoop(links, next)
      links.push(next)
      if (remark) remarks.push(remark)
      failures.push(...namesWithoutRight(next))
      const mismatch = parentMismatch(child, next, child.facts.parent)
      if (mismatch) failures.push(mismatch)
      else remarks.push(...(await linkRemarks(child, next, child.facts.parent)))
      child = next
    } catch (error) {
      if (!isDiskError(error)) throw error
      failures.push(error)
      break
    }
  }
  const release = opened.move()
  return {
    links,
    failures,
    remarks,
    problems: [
      ...links.flatMap(({ facts }) => facts.problems),
      ...remarks,
      ...failures.map((error) =>
        choices.rescue === true && isSurvivable(error)
          ? survivedProblem(error, zeros)
          : problemFromError(error),
      ),
    ],
    [Symbol.asyncDispose]: () => release.disposeAsync(),
  }
}

const zeros = 'What is not there reads as zeros, and what is there may not belong to it.'

/** What a report says of a file of the chain; `parts` are the files it reads besides itself. */
export function toChainLink({ file, facts }: WalkedLink, parts: readonly ImageFile[] = []): ChainLink {
  const own = [file, ...parts]
  return {
    path: file.path,
    format: facts.format,
    subformat: facts.subformat,
    virtualSize: facts.virtualSize,
    fileSize: own.reduce((sum, { source, packed }) => sum + (packed?.size ?? source.size), 0),
    allocated: own.reduce<number | null>(
      (sum, { allocated }) => (sum === null || allocated === null ? null : sum + allocated),
      0,
    ),
    clusterSize: facts.clusterSize,
    identity: facts.identity,
  }
}

interface Told {
  /** The format, when somebody said it. */
  readonly said: FormatName | null
  readonly choices: ReadingChoices
  readonly signal?: AbortSignal | undefined
}

async function openLink(path: string, ports: ImagePorts, told: Told): Promise<WalkedLink> {
  const file = await openImageFile(path, ports.files)
  return await inspectLink(file, ports, told)
}

/** Takes the file over: it is closed when anything fails. */
async function inspectLink(opened: ImageFile, ports: ImagePorts, told: Told): Promise<WalkedLink> {
  const { said, choices } = told
  const identified = await identifyFile(opened, ports, told)
  const { file } = identified
  await using guard = new AsyncDisposableStack()
  guard.use(file)
  const driver = identified.isSealed ? sealedDriver(identified.format) : await driverFor(identified.format)
  const { format, obeys = [] } = driver
  assertChoicesFit(choices, { file: file.path, format, obeys })
  const own = await driver.inspect(file, ports, choices)
  const facts = { ...own, problems: [...identified.problems, ...own.problems] }
  const isSealed = identified.isSealed || facts.isSealed === true
  const link = { file, driver, facts, isDetected: said === null, isSealed, choices }
  const rescued = choices.rescue === true && !isSealed ? await rescueFile(link, ports) : {}
  guard.move()
  return { ...link, ...rescued }
}

interface OpenedParent {
  readonly next: WalkedLink
  /** That it was not where the child says. */
  readonly remark: Problem | null
}

interface Meant {
  readonly reference: ParentReference
  readonly told: ChainOptions['told']
}

async function openParent(
  { file, facts, choices }: WalkedLink,
  { reference, told }: Meant,
  ports: ImagePorts,
): Promise<OpenedParent> {
  const from = file.path
  const open = referenceOpener({ from, files: ports.files, namesDrivers: facts.format === 'qcow2' })
  const taken = await open(reference.names).catch((error: unknown) => {
    if (!isDiskError(error, 'not-found')) throw error
    const { candidates } = error.details
    throw new DiskError(
      'parent-missing',
      { file: from, parent: nameOf(reference), candidates },
      { cause: error },
    )
  })
  const remark = takenProblem(taken, { from, isVerified: reference.identity !== null })
  const said = reference.format ?? told?.get(taken.file.path) ?? null
  const how = { said, choices: choicesForParents(choices) }
  // No program follows a child to a packed parent.
  const { unpack: _, ...plain } = ports
  return { next: await inspectLink(taken.file, plain, how), remark }
}

function nameOf({ names, identity }: ParentReference): string {
  return names[0] ?? (identity === null ? 'an image without a name' : describeIdentity(identity))
}

/**
 * A guest writes every byte of a raw disk, also ones that look like a header which names other files of the host. So a
 * file whose name says raw names no others unless somebody said that it is not raw.
 */
function mayNameOthers({ file, facts, isDetected }: WalkedLink): boolean {
  return !isDetected || facts.format === 'raw' || !namedAsRaw(file.path)
}

function namesWithoutRight(link: WalkedLink): DiskError[] {
  const { file, facts } = link
  if (mayNameOthers(link) || (facts.parent === null && facts.parts.length === 0)) return []
  const { label, extensions } = formatRules[facts.format]
  const reason = `its name says raw, its first bytes say ${label} and name other files; a guest may have written them`
  const remedy = `Say that it is ${label} if you know it, or rename it to end in ${extensions[0]}.`
  return [new DiskError('refused', { file: file.path, reason, remedy })]
}

function assertNoLoop(links: readonly WalkedLink[], next: WalkedLink): void {
  const sameFile = (link: WalkedLink) =>
    link.file.path === next.file.path || link.file.fingerprint.inode === next.file.fingerprint.inode
  const first = links.findIndex(sameFile)
  if (first === -1) return
  const path = [...links.slice(first), next].map(({ file }) => file.path)
  throw new DiskError('chain-loop', { file: links[0]?.file.path ?? next.file.path, path })
}

/** A rule may compare only like with like: an identity of another kind is not the one that was asked for. */
function parentMismatch(
  child: WalkedLink,
  parent: WalkedLink,
  { identity: expected, otherIdentities = [] }: ParentReference,
): DiskError | null {
  if (expected === null || expected.kind === 'none') return null
  const found = parent.facts.identity
  if (parent.facts.virtualSize === null) return null
  const isFound = (identity: LayerIdentity) => describeIdentity(identity) === describeIdentity(found)
  if ([expected, ...otherIdentities].some(isFound)) return null
  return new DiskError('parent-mismatch', {
    file: child.file.path,
    parent: parent.file.path,
    expected: describeIdentity(expected),
    found: describeIdentity(found),
  })
}

function describeIdentity(identity: LayerIdentity): string {
  switch (identity.kind) {
    case 'content-id':
      return `content ID ${identity.cid}`
    case 'uuid':
      return `UUID ${identity.uuid.toLowerCase()}`
    case 'none':
      return 'an image without identity'
  }
}
