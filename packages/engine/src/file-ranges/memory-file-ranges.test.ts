import { describeFileRanges } from './testing/file-ranges-contract.ts'
import { MemoryFiles, memoryFileRanges } from './testing/memory-file-ranges.ts'

describeFileRanges('memory', async () => {
  const files = new MemoryFiles()
  return {
    ranges: memoryFileRanges(files),
    create(name, size, pieces) {
      const fd = files.create(name, size)
      for (const [at, bytes] of pieces) files.write(fd, at, bytes)
      return fd
    },
    read: (fd) => files.file(fd).bytes,
    path: (name) => name,
    exists: (name) => files.has(name),
    async [Symbol.asyncDispose]() {},
  }
})
