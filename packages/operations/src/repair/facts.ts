import type { FormatName } from '@varve/core/image/format-rules'
import type { Problem } from '@varve/core/problems/problem'

/** What is wrong with an image, and what of it can be put right on its host. */
export interface RepairFacts {
  readonly host: string
  /** Absolute. */
  readonly path: string
  readonly format: FormatName
  readonly fileSize: number
  readonly corruptions: number
  readonly leaks: number
  /** What Varve would do, in sentences; null: nothing, `notRepaired` says why. */
  readonly fixes: readonly string[] | null
  /** Why Varve repairs nothing of it. */
  readonly notRepaired: Problem | null
  /** What keeps any repair from beginning: somebody uses it, or the undo file exists. */
  readonly obstacles: readonly Problem[]
  /** Whether the image is one regular file, so that a copy of it can be repaired. */
  readonly isOneFile: boolean
  /** Whether qemu-img is installed, and what installs it. */
  readonly tool: { readonly isThere: boolean; readonly install: string }
  /** The hidden file in which a copy would be repaired, and the name of its staging. */
  readonly copy: { readonly path: string; readonly staging: string }
}
