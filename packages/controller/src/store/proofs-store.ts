import type { Proof } from '@varve/protocol/images'
import { desc, eq } from 'drizzle-orm'
import type { Queries } from './database.ts'
import { images, proofs } from './schema.ts'

export type NewProof = Omit<Proof, 'hasManifest'> & { readonly imageId: string }

/** Keeps a proof and marks the image as proven. The image need not be in the inventory yet. */
export function saveProof(db: Queries, { imageId, digest, virtualSize, takenAt }: NewProof): void {
  db.insert(proofs).values({ imageId, digest, virtualSize, takenAt }).run()
  db.update(images).set({ provenAt: takenAt }).where(eq(images.id, imageId)).run()
}

/** Newest first, at most 100. */
export function listProofs(db: Queries, imageId: string, hasManifest: (digest: string) => boolean): Proof[] {
  return db
    .select()
    .from(proofs)
    .where(eq(proofs.imageId, imageId))
    .orderBy(desc(proofs.takenAt), desc(proofs.key))
    .limit(100)
    .all()
    .map(({ digest, virtualSize, takenAt }) => ({
      digest,
      virtualSize,
      takenAt,
      hasManifest: hasManifest(digest),
    }))
}

export function removeProofs(db: Queries, imageId: string): void {
  db.delete(proofs).where(eq(proofs.imageId, imageId)).run()
}
