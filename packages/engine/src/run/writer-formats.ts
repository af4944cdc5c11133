import type { WriterFormat } from '@varve/core/formats/disk-writer'
import type { DiskOutput } from '../requests.ts'

const formats = {
  ova: async () => (await import('@varve/core/formats/ova/writer')).ovaWriter,
  raw: async () => (await import('@varve/core/formats/raw/writer')).rawWriter,
  qcow2: async () => (await import('@varve/core/formats/qcow2/writer')).qcow2Writer,
  parallels: async () => (await import('@varve/core/formats/parallels/writer')).parallelsWriter,
  vdi: async () => (await import('@varve/core/formats/vdi/writer')).vdiWriter,
  vhd: async () => (await import('@varve/core/formats/vhd/writer')).vhdWriter,
  vhdx: async () => (await import('@varve/core/formats/vhdx/writer')).vhdxWriter,
  vmdk: async () => (await import('@varve/core/formats/vmdk/writer')).vmdkWriter,
} satisfies Record<DiskOutput['format'], () => Promise<WriterFormat>>

/** The writer of a format, loaded when it is needed: threads start faster with less code. */
export async function writerFormat(format: DiskOutput['format']): Promise<WriterFormat> {
  return formats[format]()
}
