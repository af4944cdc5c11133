DROP INDEX `images_place`;--> statement-breakpoint
ALTER TABLE `images` ADD `checksum` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `libraries` ADD `digest` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
CREATE INDEX `migrations_unlinked` ON `migrations` (`targetHost`,`targetLibrary`) WHERE state = 'succeeded' AND targetImageId IS NULL;
--> statement-breakpoint
-- SQLite has no exclusive or: a ^ b = (a | b) - (a & b).
DROP TRIGGER images_totals_insert;
--> statement-breakpoint
DROP TRIGGER images_totals_delete;
--> statement-breakpoint
DROP TRIGGER images_totals_update;
--> statement-breakpoint
DROP TRIGGER images_search_update;
--> statement-breakpoint
CREATE TRIGGER images_totals_insert AFTER INSERT ON images BEGIN
  UPDATE libraries SET
    images = images + 1,
    virtualBytes = virtualBytes + coalesce(new.virtualSize, 0),
    allocatedBytes = allocatedBytes + coalesce(new.allocated, 0),
    reclaimableBytes = reclaimableBytes + coalesce(new.reclaimable, 0),
    digest = (digest | new.checksum) - (digest & new.checksum)
  WHERE host = new.host AND name = new.library;
END;
--> statement-breakpoint
CREATE TRIGGER images_totals_delete AFTER DELETE ON images BEGIN
  UPDATE libraries SET
    images = images - 1,
    virtualBytes = virtualBytes - coalesce(old.virtualSize, 0),
    allocatedBytes = allocatedBytes - coalesce(old.allocated, 0),
    reclaimableBytes = reclaimableBytes - coalesce(old.reclaimable, 0),
    digest = (digest | old.checksum) - (digest & old.checksum)
  WHERE host = old.host AND name = old.library;
END;
--> statement-breakpoint
-- An image keeps its host, library and name: they make its id.
CREATE TRIGGER images_totals_update AFTER UPDATE OF virtualSize, allocated, reclaimable, checksum ON images
WHEN old.virtualSize IS NOT new.virtualSize OR old.allocated IS NOT new.allocated
  OR old.reclaimable IS NOT new.reclaimable OR old.checksum <> new.checksum BEGIN
  UPDATE libraries SET
    virtualBytes = virtualBytes + coalesce(new.virtualSize, 0) - coalesce(old.virtualSize, 0),
    allocatedBytes = allocatedBytes + coalesce(new.allocated, 0) - coalesce(old.allocated, 0),
    reclaimableBytes = reclaimableBytes + coalesce(new.reclaimable, 0) - coalesce(old.reclaimable, 0),
    digest = ((digest | old.checksum) - (digest & old.checksum) | new.checksum)
      - ((digest | old.checksum) - (digest & old.checksum) & new.checksum)
  WHERE host = new.host AND name = new.library;
END;
