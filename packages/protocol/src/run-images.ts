import { z } from 'zod'
import { Bytes, Digest, FormatName, HostName, ImageId, LayerNumber, Timestamp } from './primitives.ts'
import { ImageIdentity } from './reports.ts'

/** What the newest report says of an image, as far as an operation changes it. */
export const ImageShape = z.lazy(() =>
  z.object({
    format: FormatName,
    subformat: z.string().nullable(),
    virtualSize: Bytes.nullable(),
    fileSize: Bytes,
    /** Bytes that its files take on the host. */
    allocated: Bytes.nullable(),
    /** Bytes of its own that the container holds for the guest. */
    dataBytes: Bytes.nullable(),
    identity: ImageIdentity,
    /** The image below it; null: it has none. */
    parent: z.object({ path: z.string(), format: FormatName }).nullable(),
    /** Names of its internal snapshots, the first hundred. */
    snapshots: z.array(z.string()).max(100),
    snapshotCount: z.number().int().min(0),
    /** What the guest has made of the disk, a line for each layer that was read. */
    guest: z.array(z.object({ layer: LayerNumber, summary: z.string() })).max(8),
    /** The newest proof of its disk that is kept. */
    digest: Digest.nullable(),
    modifiedAt: Timestamp,
  }),
)
export type ImageShape = z.infer<typeof ImageShape>

const Place = { host: HostName, path: z.string() }

/** One image that a run works on: what it was when the run began, and what it is. */
export const RunImage = z.lazy(() =>
  z.object({
    ...Place,
    /** In the inventory now; null: it is not there. */
    image: ImageId.nullable(),
    /** Null: the inventory had none of that name. */
    before: ImageShape.nullable(),
    /** As the newest report says, or as it was when the next run began on it; null: it is not there. */
    after: ImageShape.nullable(),
    /** The image whose disk it was to get, where that is another one. */
    from: z.object({ ...Place, image: ImageId.nullable(), shape: ImageShape.nullable() }).nullable(),
  }),
)
export type RunImage = z.infer<typeof RunImage>
