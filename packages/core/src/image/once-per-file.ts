/**
 * The reader of an image's metadata, made to read each file once as long as it stays open: a file is inspected and then
 * opened for its disk, both from the same metadata. What fails is told each time.
 */
export function oncePerFile<File extends object, Others extends readonly unknown[], Metadata>(
  read: (file: File, ...others: Others) => Promise<Metadata>,
): (file: File, ...others: Others) => Promise<Metadata> {
  const known = new WeakMap<File, Promise<Metadata>>()
  return (file, ...others) => {
    const before = known.get(file)
    if (before) return before
    const metadata = read(file, ...others)
    known.set(file, metadata)
    return metadata
  }
}
