import { keptIdentity } from '@varve/core/image/kept-identity'
import { walkChain, type ChainOptions, type WalkedLink } from '@varve/core/chain/walk-chain'
import { problemFromError, type Problem } from '@varve/core/problems/problem'
import { isWritable, rulesOf } from '@varve/core/formats/writable-formats'
import { nodePorts } from '@varve/engine/ports/ports'
import { chainCommit } from '@varve/operations/chain-commit/plan'
import type { ChainChangeFacts, LinkFacts, ReplacedFacts } from '@varve/operations/chain-change/facts'
import { chainFlatten } from '@varve/operations/chain-flatten/plan'
import { chainRebase } from '@varve/operations/chain-rebase/plan'
import { gatherWithDependents } from './image-files.ts'
import { defineLocalOperation, type FactsContext } from './local-operation.ts'
import { namingProblems } from './naming-problems.ts'

export const chainFlattenHere = defineLocalOperation(chainFlatten, async ({ image }, context) =>
  gatherChange(image, context),
)

export const chainCommitHere = defineLocalOperation(chainCommit, async ({ image }, context) => {
  const facts = await gatherChange(image, context)
  const [, below, base] = facts.chain
  const named = below && base ? await replacedNaming(below, base, context) : []
  const parent = below ? await gatherReplaced(below.path, context) : null
  return { ...facts, problems: [...facts.problems, ...named], parent }
})

export const chainRebaseHere = defineLocalOperation(
  chainRebase,
  async ({ image, parent, parentFormat }, context) => {
    const facts = await gatherChange(image, context)
    const below = await readLinks(parent, context, { format: parentFormat })
    const [own] = facts.chain
    const [first] = below.links
    const named = own && first && below.problems.length === 0 ? await replacedNaming(own, first, context) : []
    return { ...facts, problems: [...facts.problems, ...below.problems, ...named], below: below.links }
  },
)

/** The image with its chain, as far as it is to be written anew. */
export async function gatherChange(path: string, context: FactsContext): Promise<ChainChangeFacts> {
  const image = await gatherReplaced(path, context)
  const { links, problems } = await readLinks(path, context)
  return { host: context.host, image, chain: links, problems }
}

/** Why an overlay in the place of `own` cannot name the image below, where its format demands more than a name. */
async function replacedNaming(own: LinkFacts, below: LinkFacts, context: FactsContext): Promise<Problem[]> {
  const { path: target, format } = own
  if (!isWritable(format) || rulesOf(format).overlay?.needsSameFormat !== true) return []
  return await namingProblems({ target, format }, below, context)
}

/** The image as a thing of the host's, and who names it. */
async function gatherReplaced(path: string, context: FactsContext): Promise<ReplacedFacts> {
  const { files, dependents: images } = await gatherWithDependents(path, context)
  const children = images.filter(({ depth }) => depth === 1)
  return {
    ...files,
    children: children.map((child) => child.path),
    onParts: images.filter(({ part }) => part !== null).map((one) => one.path),
    keepers: children
      .filter(({ keeps }) => keeps !== null && keeps.kind !== 'none')
      .map((child) => child.path),
  }
}

/** The chain of the image, own layer first, as far as it can be read. */
export async function readLinks(
  path: string,
  { ports: { roots }, signal }: FactsContext,
  options: Pick<ChainOptions, 'format'> = {},
): Promise<{ links: LinkFacts[]; problems: Problem[] }> {
  const ports = nodePorts({ roots, io: 'sync', packed: 'name' })
  await using walked = await walkChain(path, ports, { ...options, signal })
  return { links: walked.links.map(toLink), problems: walked.failures.map(problemFromError) }
}

function toLink({ file, facts }: WalkedLink): LinkFacts {
  const { format, subformat, virtualSize, snapshots, details } = facts
  const sector = details['logicalSectorSize']
  return {
    path: file.path,
    format,
    subformat,
    virtualSize,
    snapshots: snapshots.map(({ name, id }) => (name === '' ? id : name)),
    logicalSectorSize: sector === 512 || sector === 4096 ? sector : null,
    hasExtendedL2: details['extendedL2'] === true,
    identity: keptIdentity(facts, true),
  }
}
