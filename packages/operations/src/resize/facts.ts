import type { FilesystemRecipe } from '@varve/core/filesystems/filesystem-recipe'
import type { FilesystemFinding, GuestContents } from '@varve/core/guest/guest-contents'
import type { GroupExtents } from '../actions/find-extents.ts'
import type { ToolVersion } from '../shrink/tool-version.ts'
import type { BlockLoader } from '@varve/core/partitions/block-loaders'
import type { DeviceWays, VolumeThere } from '../attach/facts.ts'
import type { ChainChangeFacts } from '../chain-change/facts.ts'
import type { ResizedVolume } from '../volumes/resized.ts'

/** What a host found of an image whose disk is to get another size. */
export interface ResizeFacts extends ChainChangeFacts {
  readonly ways: DeviceWays
  /** Whether the bytes of its one file are the disk. */
  readonly isPlainRaw: boolean
  /** What is known of the volume that it is, with its host; null: it is a file. */
  readonly volume: ResizedVolume | null
  /** Left out: it is of none. */
  readonly distribution?: DistributionFacts
  /** The hidden raw file beside the image that the work is done on; of a volume the device of a new one. */
  readonly work: { readonly path: string; readonly staging: string }
  /** The hidden VHDX beside it that Windows has as a disk meanwhile; left out: it is another system. */
  readonly attachedWork?: { readonly path: string; readonly staging: string }
  /** The device that the image is attached as. */
  readonly already: string | null
  /** Null: nobody could look into it. */
  readonly guest: GuestContents | null
  /** Its logical volumes, each with what is in it. */
  readonly volumes: readonly VolumeThere[]
  /** Names of the tools for tables, volumes and filesystems that are found. */
  readonly tools: readonly string[]
  /** UUIDs of Btrfs filesystems that this host has mounted. */
  readonly hostBtrfs: readonly string[]
  /** What a copy file by file takes; null: none is asked for. */
  readonly byFiles: ByFilesFacts | null
  /** Bytes that are free where the image lies; null: not told. */
  readonly freeBytes: number | null
  /** Bytes that the whole disk has data in; null: not told. */
  readonly dataBytes: number | null
}

/** The distribution of WSL whose disk an image is. */
export interface DistributionFacts {
  readonly kind: 'distribution' | 'docker-disk'
  readonly name: string
  readonly owner: string
  /** Of the account that asks. */
  readonly isOwn: boolean
  /** Version of WSL, such as `2.5.7.0`; null: one that does not tell. */
  readonly wsl: string | null
}

/** What lies in a logical volume, and what else its group holds. */
export interface LogicalFacts {
  /** Its place is that in the volume; null: nothing that is known. */
  readonly filesystem: FilesystemFinding | null
  readonly group: GroupExtents
}

/** What a host found of a filesystem that is to be made anew, smaller. */
export interface ByFilesFacts {
  /** The hidden raw file beside the image that the smaller disk is. */
  readonly small: ResizeFacts['work']
  /**
   * The logical volume whose files are copied; a text: why the extents of its group are not moved, as a clause; null: they lie in none, or
   * in one that is not seen yet.
   */
  readonly logical: LogicalFacts | string | null
  /** Null: it is none that Varve makes. */
  readonly recipe: FilesystemRecipe | null
  /** What would not find its blocks any more. */
  readonly loaders: readonly BlockLoader[]
  /** The version of mkfs.xfs; null: it is not there, or does not say. */
  readonly xfsVersion: ToolVersion | null
}
