import { formatNames, formatRules } from '@varve/core/image/format-rules'

/** The formats that every agent reads and writes itself, without a tool. */
export const nativeFormats = {
  read: formatNames.filter((name) => formatRules[name].native.read),
  write: formatNames.filter((name) => formatRules[name].native.write),
} as const
