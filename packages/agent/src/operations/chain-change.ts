import { walkChain, type ChainOptions, type WalkedLink } from '@varve/core/formats/walk-chain'
import { problemFromError, type Problem } from '@varve/core/problems/problem'
import { findDependents } from '@varve/engine/dependents/find-dependents'
import { nodePorts } from '@varve/engine/ports'
import { chainCommit } from '@varve/operations/chain-commit/plan'
import type { ChainChangeFacts, LinkFacts, ReplacedFacts } from '@varve/operations/chain-change/facts'
import { chainFlatten } from '@varve/operations/chain-flatten/plan'
import { chainRebase } from '@varve/operations/chain-rebase/plan'
import { gatherImageFiles } from './image-files.ts'
import { defineLocalOperation, type FactsContext } from './local-operation.ts'

export const chainFlattenHere = defineLocalOperation(chainFlatten, async ({ image }, context) =>
  gatherChange(image, context),
)

export const chainCommitHere = defineLocalOperation(chainCommit, async ({ image }, context) => {
  const facts = await gatherChange(image, context)
  const below = facts.chain[1]
  return { ...facts, parent: below ? await gatherReplaced(below.path, context) : null }
})

export const chainRebaseHere = defineLocalOperation(
  chainRebase,
  async ({ image, parent, parentFormat }, context) => {
    const facts = await gatherChange(image, context)
    const below = await readLinks(parent, context, { format: parentFormat })
    return { ...facts, problems: [...facts.problems, ...below.problems], below: below.links }
  },
)

async function gatherChange(path: string, context: FactsContext): Promise<ChainChangeFacts> {
  const image = await gatherReplaced(path, context)
  const { links, problems } = await readLinks(path, context)
  return { host: context.host, image, chain: links, problems }
}

/** The image as a thing of the host's, and who names it. */
async function gatherReplaced(path: string, context: FactsContext): Promise<ReplacedFacts> {
  const { ports, signal } = context
  const files = await gatherImageFiles(path, context)
  const { images } = await findDependents(path, { roots: ports.roots, signal })
  const children = images.filter(({ depth }) => depth === 1)
  return {
    ...files,
    children: children.map((child) => child.path),
    keepers: children
      .filter(({ keeps }) => keeps !== null && keeps.kind !== 'none')
      .map((child) => child.path),
  }
}

async function readLinks(
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
  }
}
