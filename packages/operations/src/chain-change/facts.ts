import type { FormatName } from '@varve/core/image/format-rules'
import type { KeptIdentity } from '@varve/core/image/kept-identity'
import type { Problem } from '@varve/core/problems/problem'
import type { ImageFilesFacts } from '../image-files-facts.ts'

/** One image of a chain, as far as another one in its place has to be like it. */
export interface LinkFacts {
  readonly path: string
  readonly format: FormatName
  readonly subformat: string | null
  readonly virtualSize: number | null
  /** Names of its internal snapshots. */
  readonly snapshots: readonly string[]
  /** Of a VHDX; null: the format does not say. */
  readonly logicalSectorSize: 512 | 4096 | null
  /** Whether its clusters have subclusters (qcow2). */
  readonly hasExtendedL2: boolean
  /** By what programs and children know it, which an image in its place keeps; null: by nothing but its name. */
  readonly identity: KeptIdentity | null
}

/** An image whose place another one is to take. */
export interface ReplacedFacts extends ImageFilesFacts {
  /** Absolute paths of the images that name it. */
  readonly children: readonly string[]
  /** Absolute paths of the images that stand on a part of it, such as an extent: an image in its place has other parts. */
  readonly onParts: readonly string[]
  /** Those of them that know it by an identity. */
  readonly keepers: readonly string[]
}

/** What the host found of a chain that is to be changed. */
export interface ChainChangeFacts {
  readonly host: string
  readonly image: ReplacedFacts
  /** The image first, its base last. */
  readonly chain: readonly LinkFacts[]
  /** Why the chain cannot be read as a whole. */
  readonly problems: readonly Problem[]
}

/** What the host found for a commit: the parent is what is replaced. */
export interface ChainCommitFacts extends ChainChangeFacts {
  /** Null: the image has none, or it is not found. */
  readonly parent: ReplacedFacts | null
}

/** What the host found for a rebase. */
export interface ChainRebaseFacts extends ChainChangeFacts {
  /** The new parent first, its base last. */
  readonly below: readonly LinkFacts[]
}
