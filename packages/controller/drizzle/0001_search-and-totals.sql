-- Search as you type: any three letters of a name.
CREATE VIRTUAL TABLE images_search USING fts5(name, content='images', content_rowid='key', tokenize='trigram');
--> statement-breakpoint
CREATE TRIGGER images_search_insert AFTER INSERT ON images BEGIN
  INSERT INTO images_search (rowid, name) VALUES (new.key, new.name);
END;
--> statement-breakpoint
CREATE TRIGGER images_search_delete AFTER DELETE ON images BEGIN
  INSERT INTO images_search (images_search, rowid, name) VALUES ('delete', old.key, old.name);
END;
--> statement-breakpoint
CREATE TRIGGER images_search_update AFTER UPDATE OF name ON images WHEN old.name <> new.name BEGIN
  INSERT INTO images_search (images_search, rowid, name) VALUES ('delete', old.key, old.name);
  INSERT INTO images_search (rowid, name) VALUES (new.key, new.name);
END;
--> statement-breakpoint
CREATE TRIGGER images_totals_insert AFTER INSERT ON images BEGIN
  UPDATE libraries SET
    images = images + 1,
    virtualBytes = virtualBytes + coalesce(new.virtualSize, 0),
    allocatedBytes = allocatedBytes + coalesce(new.allocated, 0),
    reclaimableBytes = reclaimableBytes + coalesce(new.reclaimable, 0)
  WHERE host = new.host AND name = new.library;
END;
--> statement-breakpoint
CREATE TRIGGER images_totals_delete AFTER DELETE ON images BEGIN
  UPDATE libraries SET
    images = images - 1,
    virtualBytes = virtualBytes - coalesce(old.virtualSize, 0),
    allocatedBytes = allocatedBytes - coalesce(old.allocated, 0),
    reclaimableBytes = reclaimableBytes - coalesce(old.reclaimable, 0)
  WHERE host = old.host AND name = old.library;
END;
--> statement-breakpoint
CREATE TRIGGER images_totals_update AFTER UPDATE OF host, library, virtualSize, allocated, reclaimable ON images BEGIN
  UPDATE libraries SET
    images = images - 1,
    virtualBytes = virtualBytes - coalesce(old.virtualSize, 0),
    allocatedBytes = allocatedBytes - coalesce(old.allocated, 0),
    reclaimableBytes = reclaimableBytes - coalesce(old.reclaimable, 0)
  WHERE host = old.host AND name = old.library;
  UPDATE libraries SET
    images = images + 1,
    virtualBytes = virtualBytes + coalesce(new.virtualSize, 0),
    allocatedBytes = allocatedBytes + coalesce(new.allocated, 0),
    reclaimableBytes = reclaimableBytes + coalesce(new.reclaimable, 0)
  WHERE host = new.host AND name = new.library;
END;
--> statement-breakpoint
CREATE TRIGGER finding_totals_insert AFTER INSERT ON findings BEGIN
  INSERT INTO finding_totals (problem, severity, images, bytes, sample)
  VALUES (new.problem, new.severity, 1, coalesce(new.bytes, 0), new.sample)
  ON CONFLICT (problem) DO UPDATE SET
    images = images + 1, bytes = bytes + excluded.bytes, severity = excluded.severity, sample = excluded.sample;
END;
--> statement-breakpoint
CREATE TRIGGER finding_totals_delete AFTER DELETE ON findings BEGIN
  UPDATE finding_totals SET images = images - 1, bytes = bytes - coalesce(old.bytes, 0) WHERE problem = old.problem;
END;
