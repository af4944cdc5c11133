import { dirname } from 'node:path'
import { walkChain, type WalkedLink } from '@varve/core/chain/walk-chain'
import type { Problem } from '@varve/core/problems/problem'
import { nodePorts } from '../ports/ports.ts'
import { linkOf, type ChainFile } from './chain-file.ts'
import { findDependents, type Dependent, type FindDependentsOptions } from './find-dependents.ts'

/** An image with those that are made over it. */
export interface ChainNode extends ChainFile {
  /** The image that was asked about. */
  readonly isAsked: boolean
  readonly children: readonly ChainNode[]
}

/** Where an image stands: what it is made over, and what is made over it. */
export interface ChainTree {
  /** The base with everything over it; the image itself where its parent is not found. */
  readonly root: ChainNode
  /** The image first, its base last. */
  readonly chain: readonly ChainFile[]
  /** Those whose disk changes with this image, the nearest first. */
  readonly dependents: readonly Dependent[]
  readonly problems: readonly Problem[]
  readonly looked: number
  /** The folders that were searched, with all below them. */
  readonly searched: readonly string[]
  readonly unseen: string | null
}

/** Reads the chain of `path` and looks around it; throws only when the image itself cannot be opened. */
export async function readChainTree(path: string, options: FindDependentsOptions): Promise<ChainTree> {
  const ports = nodePorts({ roots: options.roots, io: 'sync', packed: 'name' })
  await using walked = await walkChain(path, ports, options.signal ? { signal: options.signal } : {})
  const chain: ChainFile[] = []
  for (const link of walked.links) chain.push(await linkOf(link, ports))
  const base = walked.links.at(-1) ?? walked.links[0]
  const folders = [...(options.folders ?? []), ...foldersOf(walked.links)]
  const below = await findDependents(base.file.path, { ...options, folders })
  const asked = walked.links[0].file.path
  const own = below.images.flatMap((image) => {
    const depth = image.chain.findIndex((link) => link.path === asked)
    return depth > 0 ? [{ ...image, depth, chain: image.chain.slice(0, depth + 1) }] : []
  })
  return {
    root: treeOf([chain, ...below.images.map((image) => image.chain)], asked),
    chain,
    dependents: own.toSorted((a, b) => a.depth - b.depth),
    problems: walked.problems,
    looked: below.looked,
    searched: below.searched,
    unseen: below.unseen,
  }
}

function foldersOf(links: readonly WalkedLink[]): string[] {
  return links.map(({ file }) => dirname(file.path))
}

/** The tree of chains that end in one base, each the child first. */
export function treeOf(chains: readonly (readonly ChainFile[])[], asked: string): ChainNode {
  const files = new Map<string, ChainFile>()
  const children = new Map<string, Set<string>>()
  let base: ChainFile | null = null
  for (const chain of chains) {
    for (const [index, file] of chain.entries()) {
      files.set(file.path, file)
      const parent = chain[index + 1]
      if (!parent) base ??= file
      else children.set(parent.path, (children.get(parent.path) ?? new Set()).add(file.path))
    }
  }
  if (base === null) throw new RangeError('a tree has at least one chain')
  const nodeOf = (file: ChainFile): ChainNode => ({
    ...file,
    isAsked: file.path === asked,
    children: [...(children.get(file.path) ?? [])].toSorted().flatMap((path) => {
      const child = files.get(path)
      return child ? [nodeOf(child)] : []
    }),
  })
  return nodeOf(base)
}
