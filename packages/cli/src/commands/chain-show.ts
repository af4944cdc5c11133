import { formatBytes } from '@varve/core/units/format-bytes'
import { formatRules } from '@varve/core/image/format-rules'
import { readChainTree, type ChainNode, type ChainTree } from '@varve/engine/dependents/chain-tree'
import { showChain } from '@varve/operations/actions/show-chain'
import { searchedWords } from '@varve/operations/searched-words'
import type { CommandContext, Outcome } from '../command.ts'
import { exitCodeOf, exitCodes } from '../exit-codes.ts'
import { pathOf } from '../input.ts'
import { imageThere, readOnHost, type ReadOnHostOptions } from '../operations/read-on-host.ts'
import { paintWith, printable, problemLines, type Paint } from '../output/text.ts'

export interface ChainShowOptions {
  /** Where to look for children besides the folders of the chain. */
  readonly folders: readonly string[]
}

/** `varve chain show IMAGE`: reads only; exit code 3 when the chain is broken. */
export async function chainShow(
  image: string,
  { folders }: ChainShowOptions,
  context: CommandContext,
): Outcome {
  const { signal } = context
  const tree = await readChainTree(pathOf(image), { roots: null, folders: folders.map(pathOf), signal })
  return printTree(tree, context)
}

/** `varve chain show IMAGE --host HOST`. */
export async function chainShowThere(
  image: string,
  { folders, ...options }: ChainShowOptions & ReadOnHostOptions,
  context: CommandContext,
): Outcome {
  const request = { image: imageThere(image, {}).path, folders: [...folders] }
  return await readOnHost({ operation: 'chain-show', request }, options, context, (result) =>
    printTree(showChain.outcome.parse(result), context),
  )
}

function printTree(
  tree: ShownTree,
  context: Pick<CommandContext, 'json' | 'config' | 'print'>,
): Awaited<Outcome> {
  context.print(
    context.json ? JSON.stringify(tree, null, 2) : describeTree(tree, paintWith(context.config.color)),
  )
  const broken = tree.problems.find(({ severity }) => severity === 'block')
  return broken ? exitCodeOf(broken.id) : exitCodes.ok
}

/** What is shown of a chain. */
interface ShownTree extends Pick<ChainTree, 'problems' | 'looked' | 'searched' | 'unseen'> {
  readonly root: ShownNode
  readonly dependents: readonly Pick<ChainTree['dependents'][number], 'path' | 'depth'>[]
}

interface ShownNode extends Pick<
  ChainNode,
  'path' | 'format' | 'subformat' | 'virtualSize' | 'fileSize' | 'isAsked'
> {
  readonly children: readonly ShownNode[]
}

function describeTree(tree: ShownTree, paint: Paint): string {
  const { root, dependents, problems, unseen, looked, searched } = tree
  const nobody = `Nothing in ${printable(searchedWords(searched) ?? 'its folder and below')} is made over it (${looked} ${looked === 1 ? 'file' : 'files'} looked at); --folder searches another folder too.`
  return [
    ...nodeLines(root, { first: '', rest: '', paint }),
    '',
    ...(dependents.length === 0
      ? [nobody]
      : [
          `${dependents.length === 1 ? '1 depends' : `${dependents.length} depend`} on it:`,
          ...dependents.map(
            ({ path, depth }) => `  ${printable(path)}${depth === 1 ? '' : ` (through ${depth - 1} more)`}`,
          ),
        ]),
    ...(unseen === null ? [] : [paint('yellow', `More may: ${printable(unseen)}.`)]),
    ...problemLines(problems, paint),
  ].join('\n')
}

interface Drawing {
  /** What stands before the node, and before what is below it. */
  readonly first: string
  readonly rest: string
  readonly paint: Paint
}

function nodeLines(node: ShownNode, { first, rest, paint }: Drawing): string[] {
  const { path, format, subformat, virtualSize, fileSize, isAsked, children } = node
  const kind = subformat === null ? '' : ` ${printable(subformat)}`
  const disk = virtualSize === null ? 'a disk of unknown size' : `a disk of ${formatBytes(virtualSize)}`
  const about = `${formatRules[format].label}${kind}, ${disk} in ${formatBytes(fileSize)}`
  const name = isAsked ? paint('bold', printable(path)) : printable(path)
  return [
    `${first}${name}  ${paint('dim', about)}${isAsked ? paint('cyan', '  ← this one') : ''}`,
    ...children.flatMap((child, index) => {
      const isLast = index === children.length - 1
      return nodeLines(child, {
        first: `${rest}${isLast ? '└─ ' : '├─ '}`,
        rest: `${rest}${isLast ? '   ' : '│  '}`,
        paint,
      })
    }),
  ]
}
