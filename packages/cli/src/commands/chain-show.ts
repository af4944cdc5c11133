import { formatBytes } from '@varve/core/binary/format-bytes'
import { formatRules } from '@varve/core/formats/format-rules'
import { readChainTree, type ChainNode, type ChainTree } from '@varve/engine/dependents/chain-tree'
import type { CommandContext, Outcome } from '../command.ts'
import { exitCodeOf, exitCodes } from '../exit-codes.ts'
import { pathOf } from '../input.ts'
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
  const { json, config, signal } = context
  const tree = await readChainTree(pathOf(image), { roots: null, folders: folders.map(pathOf), signal })
  context.print(json ? JSON.stringify(tree, null, 2) : describeTree(tree, paintWith(config.color)))
  const broken = tree.problems.find(({ severity }) => severity === 'block')
  return broken ? exitCodeOf(broken.id) : exitCodes.ok
}

function describeTree({ root, dependents, problems, unseen, looked }: ChainTree, paint: Paint): string {
  const nobody = `Nothing around it is made over it (${looked} ${looked === 1 ? 'file' : 'files'} looked at).`
  return [
    ...nodeLines(root, { first: '', rest: '', paint }),
    '',
    ...(dependents.length === 0
      ? [nobody]
      : [
          `${dependents.length} depend on it:`,
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

function nodeLines(node: ChainNode, { first, rest, paint }: Drawing): string[] {
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
